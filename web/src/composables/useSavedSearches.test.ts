import { mount } from '@vue/test-utils'
import { defineComponent, ref } from 'vue'
import { beforeEach, expect, it } from 'vitest'
import { parse } from '@/lib/search'
import { SESSION, type Session } from '@/lib/session'
import { MOST_SEARCHES, stateOf, useSavedSearches } from './useSavedSearches'

const shopper = ref<{ shopper_id: string }>()
let minute = 0

function start() {
  let saved: ReturnType<typeof useSavedSearches> | undefined
  mount(
    defineComponent(() => {
      saved = useSavedSearches(() => new Date(Date.UTC(2026, 2, 1, 8, minute)))
      return () => null
    }),
    { global: { provide: { [SESSION as symbol]: { shopper } as unknown as Session } } },
  )
  if (!saved) throw new Error('not mounted')
  return saved
}

const kia = parse({ make: 'Kia', max_price: '9000', near: '51.34,12.37', radius_km: '50' })
const suv = parse({ body: 'suv' })

beforeEach(() => {
  localStorage.clear()
  shopper.value = { shopper_id: 'a' }
  minute = 0
})

it('keeps all of a search, the newest first, whatever its order once', () => {
  const { searches, save, has } = start()
  save(kia)
  save(suv)
  save({ ...kia, sort: 'newest' })
  expect(searches.value.map(stateOf)).toEqual([{ ...kia, sort: 'newest' }, suv])
  expect(has(kia)).toBe(true)
  expect(has(parse({ make: 'Kia' }))).toBe(false)
})

it('knows when each was looked at last', () => {
  const { searches, save, markSeen } = start()
  save(kia)
  save(suv)
  minute = 5
  markSeen(kia)
  expect(searches.value.map(({ seenAt }) => seenAt)).toEqual([
    '2026-03-01T08:00:00.000Z',
    '2026-03-01T08:05:00.000Z',
  ])
})

it('forgets one, and the oldest when there are too many', () => {
  const { searches, save, remove } = start()
  for (let year = 0; year <= MOST_SEARCHES; year++) save(parse({ min_year: String(2000 + year) }))
  expect(searches.value).toHaveLength(MOST_SEARCHES)
  expect(searches.value.map(stateOf).at(-1)?.min_year).toBe(2001)
  remove(parse({ min_year: '2001' }))
  expect(searches.value).toHaveLength(MOST_SEARCHES - 1)
})

it('has others for another shopper', () => {
  const { searches, save } = start()
  save(kia)
  shopper.value = { shopper_id: 'b' }
  expect(searches.value).toEqual([])
})
