import type { PriceStanding } from '@/client'

const WIDTH = 280
const HEIGHT = 70
const GAP = 3
/** A difference this small is what any two alike cars have. */
const USUAL = 0.04

export interface Bar {
  x: number
  width: number
  height: number
  /** The listing's own price is in it. */
  isOwn: boolean
}

/** The distribution as bars on 280 × 70. */
export function barsOf({ bins, price }: PriceStanding): Bar[] {
  const most = Math.max(...bins.map(({ count }) => count), 1)
  const width = WIDTH / Math.max(bins.length, 1)
  return bins.map(({ low, high, count }, index) => {
    const isOwn = price >= low && price < high
    return {
      x: index * width + GAP / 2,
      width: width - GAP,
      // Its own bar is seen also where no other car costs as much.
      height: Math.max((HEIGHT * count) / most, isOwn ? 4 : count ? 2 : 0),
      isOwn,
    }
  })
}

export type Verdict = 'below' | 'usual' | 'above'
export function verdictOf(below: number | null | undefined): Verdict {
  if (below == null || Math.abs(below) < USUAL) return 'usual'
  return below > 0 ? 'below' : 'above'
}

/** What a loan costs a month (an annuity); without interest the same part each month. */
export function monthly(loan: number, months: number, yearlyPercent: number): number {
  if (loan <= 0 || months <= 0) return 0
  const rate = yearlyPercent / 100 / 12
  return rate === 0 ? loan / months : (loan * rate) / (1 - (1 + rate) ** -months)
}
