import type { Histogram } from '@/client'

export type Ranges = Record<string, Histogram>

/** A range's limits and how they lie on its edges: `whole` is 1 where the upper limit names the last value (a year). */
export interface Scale {
  edges: readonly number[]
  whole: 0 | 1
}

export interface Bar {
  x: number
  height: number
  isChosen: boolean
}

/** The step of a lower limit: how many bars lie wholly below it. */
export const lowStep = ({ edges }: Scale, least: number | undefined): number =>
  least === undefined ? 0 : Math.max(edges.filter((edge) => edge <= least).length - 1, 0)

/** The step of an upper limit: how many bars begin below it. */
export const highStep = ({ edges, whole }: Scale, most: number | undefined): number =>
  most === undefined ? edges.length : Math.max(edges.filter((edge) => edge < most + whole).length, 1)

/** The limits a handle at a step stands for; at its end it asks for nothing. */
export const lowAt = ({ edges }: Scale, step: number): number | undefined =>
  step > 0 ? edges[step] : undefined
export const highAt = ({ edges, whole }: Scale, step: number): number | undefined =>
  step < edges.length ? (edges[step] ?? 0) - whole : undefined

/** Cars per euro, year or km of each bar: bars that stand for more would rise for no other reason. */
function densitiesOf({ edges, counts }: Histogram): number[] {
  return counts.map((count, index) => {
    const from = Math.min(index, edges.length - 2) // the last bar has no end: it is drawn as wide as the one before
    return count / Math.max((edges[from + 1] ?? 1) - (edges[from] ?? 0), 1)
  })
}

/** Bars of equal width, as high as they are dense and at most `tallest`. */
export function barsOf(histogram: Histogram, chosen: readonly [number, number], tallest: number): Bar[] {
  const densities = densitiesOf(histogram)
  const most = Math.max(...densities)
  return densities.map((density, index) => ({
    x: index,
    height: density > 0 ? Math.max((density / most) * tallest, 1) : 0,
    isChosen: index >= chosen[0] && index < chosen[1],
  }))
}

/** The two edges of the densest bar; the last bar has only a lower one. */
export function peakOf(histogram: Histogram): readonly [number, number | undefined] | undefined {
  const densities = densitiesOf(histogram)
  const most = Math.max(...densities)
  const at = densities.indexOf(most)
  const from = histogram.edges[at]
  return from === undefined || most === 0 ? undefined : [from, histogram.edges[at + 1]]
}
