import { expect, it } from 'vitest'
import { uuid7 } from './uuid'

it('makes UUIDs of version 7, each another, that tell the time', () => {
  const made = Array.from({ length: 50 }, () => uuid7())
  for (const id of made) {
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/)
    expect(Math.abs(Date.now() - parseInt(id.replace('-', '').slice(0, 12), 16))).toBeLessThan(1_000)
  }
  expect(new Set(made).size).toBe(50)
})
