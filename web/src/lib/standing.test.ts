import { expect, it } from 'vitest'
import { barsOf, monthly, verdictOf } from './standing'

it('draws the distribution with the own price in one bar', () => {
  const bins = [
    { low: 0, high: 10, count: 4 },
    { low: 10, high: 20, count: 2 },
    { low: 20, high: 30, count: 0 },
  ]
  const bars = barsOf({
    currency: 'EUR',
    price: 25,
    compared: 6,
    expected: 9,
    below: -1,
    cheaper_than: 0,
    bins,
  })
  expect(bars.map((bar) => bar.height)).toEqual([70, 35, 4])
  expect(bars.map((bar) => bar.isOwn)).toEqual([false, false, true])
})

it('calls a small difference usual', () => {
  expect([0.2, 0.01, -0.2, null].map(verdictOf)).toEqual(['below', 'usual', 'above', 'usual'])
})

it('works out an annuity', () => {
  expect(monthly(12_000, 48, 0)).toBe(250)
  expect(monthly(12_000, 48, 6)).toBeCloseTo(281.82, 2)
  expect(monthly(0, 48, 6)).toBe(0)
})
