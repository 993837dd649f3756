import type { Point } from './taste'

export interface Curve {
  /** Outline of the hill, closed along the bottom. */
  path: string
  /** Where a value is, from 0 (left) to `width`. */
  x(value: number): number
  peak: Point
  from: number
  to: number
}

const ROOM = 0.12 // on each side of the outermost values

/** A smooth hill through weights at values, `width` × `height`; a single value makes a single hill. */
export function curveOf(points: readonly Point[], width: number, height: number): Curve | undefined {
  const first = points[0]
  const last = points.at(-1)
  if (!first || !last) return undefined
  const span = last.value - first.value || first.value * 0.5 || 1
  const from = Math.max(0, first.value - span * ROOM)
  const to = last.value + span * ROOM
  const peak = points.reduce((most, point) => (point.weight > most.weight ? point : most))
  const x = (value: number) => Math.min(Math.max(((value - from) / (to - from)) * width, 0), width)
  const y = (weight: number) => height - (weight / peak.weight) * height * 0.92
  const corners = [
    { x: 0, y: height },
    ...points.map(({ value, weight }) => ({ x: x(value), y: y(weight) })),
    { x: width, y: height },
  ]
  // Each piece leaves and arrives flat, so the line never rises above what was measured.
  const pieces = corners.slice(1).map((corner, i) => {
    const before = corners[i] ?? corner
    const middle = round((before.x + corner.x) / 2)
    return `C${middle} ${round(before.y)} ${middle} ${round(corner.y)} ${round(corner.x)} ${round(corner.y)}`
  })
  return { path: `M0 ${height}${pieces.join('')}Z`, x, peak, from, to }
}

const round = (value: number) => Math.round(value * 10) / 10
