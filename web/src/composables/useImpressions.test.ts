import { mount } from '@vue/test-utils'
import { defineComponent, h, nextTick, ref, useTemplateRef } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { EVENTS, type Tracked } from '@/lib/events'
import { useImpressions } from './useImpressions'

type Notify = (entries: { target: Element; isIntersecting: boolean }[]) => void

let notify: Notify
let options: IntersectionObserverInit
let tracked: Tracked[]

beforeEach(() => {
  vi.useFakeTimers()
  tracked = []
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      constructor(callback: Notify, given: IntersectionObserverInit) {
        notify = callback
        options = given
      }
      observe() {}
      disconnect() {}
    },
  )
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function mountGrid() {
  const attribution = ref({ recommendation_id: 'r1', placement: 'home' })
  const grid = mount(
    defineComponent(() => {
      useImpressions(useTemplateRef<HTMLElement>('grid'), ref(['a', 'b']), attribution)
      return () =>
        h('div', { ref: 'grid' }, [h('i', { 'data-listing-id': 'a' }), h('i', { 'data-listing-id': 'b' })])
    }),
    {
      global: {
        provide: {
          [EVENTS]: { track: (event: Tracked) => tracked.push(event), trackNow: vi.fn(), flush: vi.fn() },
        },
      },
    },
  )
  await nextTick()
  const show = (index: number, isIntersecting = true) =>
    notify([{ target: grid.findAll('i').at(index)?.element as Element, isIntersecting }])
  return { attribution, show }
}

it('counts what was half visible for a second, together in one event', async () => {
  const { show } = await mountGrid()
  expect(options).toEqual({ threshold: 0.5 })
  show(0)
  show(1)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(tracked).toEqual([
    { type: 'impression', listing_ids: ['a', 'b'], recommendation_id: 'r1', placement: 'home' },
  ])
})

it('does not count what was scrolled past', async () => {
  const { show } = await mountGrid()
  show(0)
  await vi.advanceTimersByTimeAsync(900)
  show(0, false)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(tracked).toEqual([])
})

it('counts a listing once per slate, and again in the next one', async () => {
  const { show, attribution } = await mountGrid()
  show(0)
  await vi.advanceTimersByTimeAsync(2_000)
  show(0)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(tracked).toHaveLength(1)
  attribution.value = { recommendation_id: 'r2', placement: 'home' }
  await nextTick()
  show(0)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(tracked.map((event) => event.recommendation_id)).toEqual(['r1', 'r2'])
})
