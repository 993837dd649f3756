import { expect, it } from 'vitest'
import { curveOf } from './curve'
import type { Belief } from './profile'
import { beliefsAbout, blocksOf, certaintyOf, likedOf, middleHalf, times } from './taste'

const belief = (block: string, value: string, more: Partial<Belief> = {}): Belief => ({
  block,
  value,
  text: value,
  weight: 1,
  ...more,
})
const prices = (...pairs: [value: number, weight: number][]) =>
  pairs.map(([value, weight]) => belief('price', String(value), { weight }))

it('puts what the shopper said before what was learned, and the strongest first', () => {
  const statements = [
    belief('make', 'Kia', { lift: 0.2 }),
    belief('make', 'Fiat', { lift: -2 }),
    belief('make', 'Volvo', { lift: 0, stated: 'more' }),
    belief('body', 'suv'),
  ]
  expect(beliefsAbout('make', statements).map(({ value }) => value)).toEqual(['Volvo', 'Fiat', 'Kia'])
})

it('names as liked what is wanted, not what is refused', () => {
  const statements = [
    belief('make', 'Fiat', { lift: 3, low: 2, stated: 'never' }),
    belief('make', 'Kia', { lift: 1, low: 0.2 }),
    belief('make', 'Opel', { lift: -1, low: -2 }),
    belief('make', 'Volvo', { lift: -1, low: -2, stated: 'only' }),
  ]
  expect(likedOf('make', statements, 3).map(({ value }) => value)).toEqual(['Volvo', 'Kia'])
})

it('names a guess only where nothing is sure', () => {
  const guesses = [
    belief('body', 'suv', { lift: 0.5, low: -0.1 }),
    belief('body', 'van', { lift: 0.7, low: -0.3 }),
  ]
  expect(likedOf('body', guesses, 3).map(({ value }) => value)).toEqual(['van'])
  const sure = belief('body', 'wagon', { lift: 0.4, low: 0.1 })
  expect(likedOf('body', [...guesses, sure], 3)).toEqual([sure])
})

it('shows the main blocks always, others when there is something, numbers never', () => {
  const statements = [belief('color', 'red'), belief('price', '9000'), belief('make', 'Kia')]
  expect(blocksOf(statements)).toEqual(['body', 'make', 'fuel', 'color'])
})

it.each([
  [0.5, 1.4, 'sure'],
  [0.1, 2.9, 'likely'],
  [-2.9, -0.1, 'likely'],
  [-0.2, 1.1, 'guess'],
])('calls a range from %d to %d %s', (low, high, certainty) => {
  expect(certaintyOf(belief('make', 'Kia', { low, high }))).toBe(certainty)
})

it('says nothing of certainty where none is known', () => {
  expect(certaintyOf(belief('make', 'Kia'))).toBeUndefined()
})

it('speaks of times instead of log-odds, up to twenty', () => {
  expect(times(0)).toBe(1)
  expect(times(Math.log(3))).toBeCloseTo(3)
  expect(times(9)).toBe(20)
})

it('finds the middle half of the prices looked at', () => {
  expect(middleHalf(prices([10_000, 1], [12_000, 2], [15_000, 2], [90_000, 1]), 'price')).toEqual([
    12_000, 15_000,
  ])
  expect(middleHalf(prices([10_000, -1]), 'price')).toBeUndefined()
})

it('draws a hill that is highest where the most was looked at', () => {
  const points = [
    { value: 10_000, weight: 1 },
    { value: 15_000, weight: 4 },
    { value: 20_000, weight: 2 },
  ]
  const curve = curveOf(points, 400, 100)
  expect(curve?.peak.value).toBe(15_000)
  expect(curve?.x(15_000)).toBeCloseTo(200)
  expect(curve?.x(0)).toBe(0)
  const heights = [...(curve?.path ?? '').matchAll(/[\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y))
  expect(Math.min(...heights)).toBe(8) // nothing rises above the peak
  expect(Math.max(...heights)).toBe(100)
})

it('draws a hill for a single price and none for no price', () => {
  expect(curveOf([{ value: 9_000, weight: 2 }], 400, 100)?.x(9_000)).toBeCloseTo(200)
  expect(curveOf([], 400, 100)).toBeUndefined()
})
