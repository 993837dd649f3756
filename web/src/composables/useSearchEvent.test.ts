import { mount } from '@vue/test-utils'
import { defineComponent, ref, shallowRef } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { EVENTS, type Tracked } from '@/lib/events'
import { parse } from '@/lib/search'
import { useSearchEvent } from './useSearchEvent'

let tracked: Tracked[]
beforeEach(() => {
  vi.useFakeTimers()
  tracked = []
})
afterEach(() => vi.useRealTimers())

it('says once in which currency the prices of a search are', async () => {
  const state = ref(parse({ max_price: '300000' }))
  const answer = shallowRef<{ total: number; currency: string }>()
  const events = { track: (event: Tracked) => void tracked.push(event) }
  mount(
    defineComponent(() => {
      useSearchEvent(state, answer)
      return () => null
    }),
    { global: { provide: { [EVENTS as symbol]: events } } },
  )
  answer.value = { total: 7, currency: 'CZK' }
  await vi.advanceTimersByTimeAsync(2_000)
  state.value = { ...state.value, sort: 'newest' } // the same search in another order
  await vi.advanceTimersByTimeAsync(2_000)
  expect(tracked).toHaveLength(1)
  expect(tracked[0]).toMatchObject({
    type: 'search',
    currency: 'CZK',
    context: { filters: { max_price: 300_000 }, results: 7 },
  })
})
