import type { RecommendedListing } from '../src/client'
import { filled } from './element'

type Shape = [body: string, glass: string, frontWheel: number, rearWheel: number]

// Four shapes instead of the app's own for each body: every site that loads this script pays for them.
const low: Shape = [
  'M18 70q-4 0-4-4V56q0-7 8-9l38-7 24-17q5-4 12-4h46q7 0 12 4l24 17 36 6q10 2 11 10v10q0 4-4 4z',
  'M90 27q4-3 9-3h17v17H70zM121 24h19q5 0 9 3l20 14h-48z',
  56,
  184,
]
const short: Shape = [
  'M26 70q-4 0-4-4V56q0-7 8-9l36-7 24-17q5-4 12-4h56q8 0 13 6l14 17q12 2 13 12v12q0 4-4 4z',
  'M96 27q4-3 9-3h16v17H76zM126 24h30q5 0 8 4l11 13h-49z',
  62,
  166,
]
const high: Shape = [
  'M20 70q-4 0-4-4V50q0-7 8-9l36-6 20-19q4-4 11-4h92q8 0 12 6l13 18q10 2 11 12v18q0 4-4 4z',
  'M86 20q3-3 8-3h19v18H70zM118 17h30v18h-30zM153 17h29q5 0 8 4l9 14h-46z',
  58,
  182,
]
const box: Shape = [
  'M18 70q-4 0-4-4V48q0-6 6-9l18-6 20-20q4-4 11-4h140q12 0 12 12v45q0 4-4 4z',
  'M64 17q3-3 8-3h15v20H46zM92 14h38v20H92zM135 14h38v20h-38z',
  52,
  186,
]
const SHAPES: Record<string, Shape> = {
  hatchback: short,
  city_car: short,
  suv: high,
  crossover: high,
  minivan: high,
  wagon: high,
  pickup: high,
  van: box,
}
const shape = (name: string, attributes: Record<string, string | number>, ...children: Node[]) =>
  filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children)

/** The car of a listing, drawn by its body in its colour; one that CSS has no word for is that of the style. */
export function draw({ body_type: kind, color_exterior: colour }: RecommendedListing): SVGElement {
  const [body, glass, ...wheels] = SHAPES[kind ?? ''] ?? low
  return shape(
    'svg',
    { viewBox: '0 0 240 92', 'aria-hidden': 'true', part: 'picture' },
    shape('path', { d: body, fill: `color-mix(in srgb, ${colour} 66%, #789)` }),
    shape('path', { d: glass, fill: '#345' }),
    ...wheels.map((cx) => shape('circle', { cx, cy: 69, r: 11 })),
  )
}
