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
  const slopes = slopesOf(corners)
  const pieces = corners.slice(1).map((corner, i) => {
    const before = corners[i] ?? corner
    const third = (corner.x - before.x) / 3
    const out = `${round(before.x + third)} ${round(before.y + third * (slopes[i] ?? 0))}`
    const into = `${round(corner.x - third)} ${round(corner.y - third * (slopes[i + 1] ?? 0))}`
    return `C${out} ${into} ${round(corner.x)} ${round(corner.y)}`
  })
  return { path: `M0 ${height}${pieces.join('')}Z`, x, peak, from, to }
}

interface Corner {
  x: number
  y: number
}

/**
 * Slopes at the corners that keep the line from rising above what was measured: flat at each summit and at both ends,
 * between them the harmonic mean of both sides (Fritsch and Butland 1984).
 */
function slopesOf(corners: readonly Corner[]): number[] {
  return corners.map((corner, i) => {
    const before = corners[i - 1]
    const after = corners[i + 1]
    if (!before || !after || after.x === corner.x || corner.x === before.x) return 0
    const rising = (corner.y - before.y) / (corner.x - before.x)
    const falling = (after.y - corner.y) / (after.x - corner.x)
    return rising * falling <= 0 ? 0 : (2 * rising * falling) / (rising + falling)
  })
}

const round = (value: number) => Math.round(value * 10) / 10
