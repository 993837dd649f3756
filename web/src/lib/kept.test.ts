import { beforeEach, expect, it } from 'vitest'
import { moveEvents, moveLists, MOST } from './kept'

const put = (name: string, lists: unknown) => localStorage.setItem(`carousel.${name}`, JSON.stringify(lists))
const kept = (name: string): unknown => JSON.parse(localStorage.getItem(`carousel.${name}`) ?? 'null')

beforeEach(() => localStorage.clear())

it('puts what the visitor kept behind what the account has, each entry once', () => {
  put('favourites', { visitor: ['x', 'y'], john: ['y', 'z'], other: ['o'] })
  put('recent', { visitor: ['x'] })
  moveLists(localStorage, 'visitor', 'john')
  expect(kept('favourites')).toEqual({ john: ['y', 'z', 'x'], other: ['o'] })
  expect(kept('recent')).toEqual({ john: ['x'] })
})

it('keeps no more than a list may hold', () => {
  put('compare', { visitor: ['x', 'y'], john: ['a', 'b', 'c'] })
  moveLists(localStorage, 'visitor', 'john')
  expect(kept('compare')).toEqual({ john: ['a', 'b', 'c', 'x'] })
  expect(MOST.compare).toBe(4)
})

it('knows a search again whatever its order, and keeps when the account looked at it', () => {
  const own = { query: { make: 'Kia' }, seenAt: '2026-03-01T08:00:00Z' }
  const same = { query: { make: 'Kia', sort: 'newest' }, seenAt: '2026-03-02T08:00:00Z' }
  const other = { query: { make: 'Fiat' }, seenAt: '2026-03-02T08:00:00Z' }
  put('searches', { visitor: [same, other], john: [own] })
  moveLists(localStorage, 'visitor', 'john')
  expect(kept('searches')).toEqual({ john: [own, other] })
})

it('leaves alone what it cannot read', () => {
  localStorage.setItem('carousel.recent', '{"half')
  moveLists(localStorage, 'visitor', 'john')
  expect(localStorage.getItem('carousel.recent')).toBe('{"half')
})

it('has what the visitor did sent as the account, and nothing of others', () => {
  const events = [{ event_id: 'e' }]
  put('page-events', { owner: 'visitor', events })
  moveEvents(localStorage, 'visitor', 'john')
  expect(kept('page-events')).toEqual({ owner: 'john', events })
  moveEvents(localStorage, 'visitor', 'jane')
  expect(kept('page-events')).toEqual({ owner: 'john', events })
})
