import type { Listing } from '@/client'

export interface Silhouette {
  body: string
  glass: string
  /** Where the front and the rear end: the lamps are there. */
  ends: [number, number]
  wheels: [number, number]
}

type Body = NonNullable<Listing['body_type']>
type Colour = NonNullable<Listing['color_exterior']>

// Drawn on 240 × 90, front to the left, wheels on y = 70.
const sedan: Silhouette = {
  body: 'M18 70q-4 0-4-4V56q0-7 8-9l38-7 24-17q5-4 12-4h46q7 0 12 4l24 17 36 6q10 2 11 10v10q0 4-4 4z',
  glass: 'M90 27q4-3 9-3h17v17H70zM121 24h19q5 0 9 3l20 14h-48z',
  ends: [14, 225],
  wheels: [56, 184],
}
const hatchback: Silhouette = {
  body: 'M26 70q-4 0-4-4V56q0-7 8-9l36-7 24-17q5-4 12-4h56q8 0 13 6l14 17q12 2 13 12v12q0 4-4 4z',
  glass: 'M96 27q4-3 9-3h16v17H76zM126 24h30q5 0 8 4l11 13h-49z',
  ends: [22, 198],
  wheels: [62, 166],
}
const wagon: Silhouette = {
  body: 'M18 70q-4 0-4-4V56q0-7 8-9l38-7 24-17q5-4 12-4h88q8 0 13 5l16 17q10 2 11 11v14q0 4-4 4z',
  glass: 'M90 27q4-3 9-3h15v17H70zM119 24h30v17h-30zM154 24h29q5 0 8 3l13 14h-50z',
  ends: [14, 224],
  wheels: [56, 186],
}
const suv: Silhouette = {
  body: 'M20 70q-4 0-4-4V50q0-7 8-9l36-6 20-19q4-4 11-4h92q8 0 12 6l13 18q10 2 11 12v18q0 4-4 4z',
  glass: 'M86 20q3-3 8-3h19v18H70zM118 17h30v18h-30zM153 17h29q5 0 8 4l9 14h-46z',
  ends: [16, 219],
  wheels: [58, 182],
}
const coupe: Silhouette = {
  body: 'M18 70q-4 0-4-4V57q0-7 9-9l42-8 26-15q8-5 17-5h22q16 0 32 9l26 14 24 5q12 3 12 12v6q0 4-4 4z',
  glass: 'M96 28q6-3 12-3h14v17H74zM127 25h4q14 0 27 7l18 10h-49z',
  ends: [14, 224],
  wheels: [56, 186],
}
const convertible: Silhouette = {
  body: 'M18 70q-4 0-4-4V57q0-7 9-9l46-8q4-1 8 1h88l44 4q12 2 14 12v9q0 4-4 4z',
  glass: 'M70 41l24-19 4 2-16 17zM106 41q0-12 9-11t9 11zM140 41q0-12 9-11t9 11z',
  ends: [14, 223],
  wheels: [56, 184],
}
const minivan: Silhouette = {
  body: 'M18 70q-4 0-4-4V54q0-7 8-10l26-9 30-18q6-4 14-4h92q9 0 14 7l12 19q10 2 11 11v16q0 4-4 4z',
  glass: 'M86 21q4-3 9-3h17v19H60zM117 18h30v19h-30zM152 18h31q5 0 8 4l10 15h-49z',
  ends: [14, 221],
  wheels: [54, 184],
}
const van: Silhouette = {
  body: 'M18 70q-4 0-4-4V48q0-6 6-9l18-6 20-20q4-4 11-4h140q12 0 12 12v45q0 4-4 4z',
  glass: 'M64 17q3-3 8-3h15v20H46zM92 14h38v20H92zM135 14h38v20h-38zM178 14h28q8 0 8 8v12h-36z',
  ends: [14, 221],
  wheels: [52, 186],
}
const pickup: Silhouette = {
  body: 'M18 70q-4 0-4-4V50q0-7 8-9l36-5 20-18q4-4 11-4h36q7 0 10 6l8 18h78v28q0 4-4 4z',
  glass: 'M84 22q3-3 8-3h14v18H67zM111 19h13q4 0 6 4l6 14h-25z',
  ends: [14, 221],
  wheels: [56, 186],
}
const cityCar: Silhouette = {
  body: 'M56 70q-4 0-4-4V54q0-7 7-10l18-6 20-17q6-5 14-5h42q9 0 14 7l12 16q9 2 9 12v15q0 4-4 4z',
  glass: 'M102 25q4-4 10-4h14v18H87zM131 21h21q5 0 8 4l11 14h-40z',
  ends: [52, 188],
  wheels: [82, 162],
}

const SILHOUETTES: Record<Body, Silhouette> = {
  ...{ hatchback, sedan, wagon, suv, coupe, convertible, minivan, van, pickup },
  crossover: suv,
  city_car: cityCar,
  other: sedan,
}

const COLOURS: Record<Colour, string> = {
  black: '#2b2f36',
  white: '#f4f5f6',
  grey: '#7b838d',
  silver: '#bcc3ca',
  blue: '#2f6db5',
  red: '#c0392f',
  green: '#3f7d4f',
  brown: '#7a5540',
  beige: '#d5c4a1',
  yellow: '#e8bd30',
  orange: '#dd7a2c',
  purple: '#74509c',
  other: '#8fa3b0',
}

export function silhouetteOf(listing: Pick<Listing, 'body_type'>): Silhouette {
  return SILHOUETTES[listing.body_type ?? 'other']
}

export function paintOf(listing: Pick<Listing, 'color_exterior'>): string {
  return COLOURS[listing.color_exterior ?? 'other']
}
