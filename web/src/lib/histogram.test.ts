import { describe, expect, it } from 'vitest'
import { barsOf, highAt, highStep, lowAt, lowStep, peakOf, type Scale } from './histogram'

const price: Scale = { edges: [0, 1000, 2000, 4000], whole: 0 }
const year: Scale = { edges: [1885, 2000, 2001, 2002], whole: 1 }

describe('a handle', () => {
  it('stands at its end when nothing is asked for, and asks for nothing there', () => {
    expect([lowStep(price, undefined), highStep(price, undefined)]).toEqual([0, 4])
    expect([lowAt(price, 0), highAt(price, 4)]).toEqual([undefined, undefined])
  })

  it('comes back to where its limit put it', () => {
    for (const scale of [price, year]) {
      for (const step of [1, 2, 3]) {
        expect(lowStep(scale, lowAt(scale, step))).toBe(step)
        expect(highStep(scale, highAt(scale, step))).toBe(step)
      }
    }
  })

  it('names the last year of its bar, and the price up to which a bar goes', () => {
    expect(highAt(year, 2)).toBe(2000)
    expect(highAt(price, 2)).toBe(2000)
  })

  it('takes in the whole bar of a limit between two edges', () => {
    expect([lowStep(price, 1500), highStep(price, 1500)]).toEqual([1, 2])
    expect([lowStep(price, 99_000), highStep(price, 99_000)]).toEqual([3, 4])
  })
})

describe('bars', () => {
  const histogram = { edges: [0, 1000, 2000, 4000], counts: [5, 10, 10, 0] }

  it('are as high as there are cars for their width, and chosen between the handles', () => {
    expect(barsOf(histogram, [1, 3], 20)).toEqual([
      { x: 0, height: 10, isChosen: false },
      { x: 1, height: 20, isChosen: true },
      { x: 2, height: 10, isChosen: true },
      { x: 3, height: 0, isChosen: false },
    ])
  })

  it('are seen however few cars they stand for', () => {
    expect(barsOf({ edges: [0, 1, 2], counts: [1, 1000, 0] }, [0, 3], 20)[0]?.height).toBe(1)
  })

  it('have a highest one, unless they are empty', () => {
    expect(peakOf(histogram)).toEqual([1000, 2000])
    expect(peakOf({ edges: [0, 1], counts: [0, 3] })).toEqual([1, undefined])
    expect(peakOf({ edges: [0, 1], counts: [0, 0] })).toBeUndefined()
  })
})
