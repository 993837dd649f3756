import { expect, it } from 'vitest'
import { coarse, distanceKm, readPlace, writePlace } from './place'

const leipzig = { lat: 51.34, lon: 12.37 }

it('is written into an address and read from it', () => {
  expect(readPlace(writePlace(leipzig))).toEqual(leipzig)
  expect(readPlace('-33.9,151.2')).toEqual({ lat: -33.9, lon: 151.2 })
})

it.each(['', 'here', '51.34', '91,0', '0,181', '51.34,12.37,1', '1e3,2'])('is not %j', (text) => {
  expect(readPlace(text)).toBeUndefined()
})

it('is kept to about a kilometre', () => {
  expect(coarse({ lat: 51.339_695, lon: 12.373_075 })).toEqual(leipzig)
})

it('is as far from another as the crow flies', () => {
  expect(distanceKm(leipzig, { lat: 52.52, lon: 13.41 })).toBeCloseTo(149, 0) // Berlin
  expect(distanceKm(leipzig, leipzig)).toBe(0)
})

it('is at no distance from what has no place', () => {
  expect(distanceKm(leipzig, { lat: null, lon: 12 })).toBeUndefined()
  expect(distanceKm(undefined, leipzig)).toBeUndefined()
})
