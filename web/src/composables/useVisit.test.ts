import { mount } from '@vue/test-utils'
import { defineComponent, ref } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { EVENTS, type Tracked } from '@/lib/events'
import { useVisit } from './useVisit'

let told: (string | number | undefined)[]
let unmount: () => void
const flush = () => void told.push('flush')

function visit(): void {
  const track = ({ type, value }: Tracked) => void told.push(type === 'dwell' ? value : type)
  const events = { track, trackNow: async (event: Tracked) => track(event), flush: async () => {} }
  const wrapper = mount(
    defineComponent(() => {
      useVisit(ref('k'), () => ({}))
      return () => null
    }),
    { global: { provide: { [EVENTS as symbol]: events } } },
  )
  unmount = () => wrapper.unmount()
}

function turn(state: DocumentVisibilityState): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)
  document.dispatchEvent(new Event('visibilitychange'))
}

beforeEach(() => {
  vi.useFakeTimers()
  told = []
  document.addEventListener('visibilitychange', flush) // as main.ts does, before any page is there
})
afterEach(() => {
  document.removeEventListener('visibilitychange', flush)
  vi.useRealTimers()
})

it('says how long it was looked at whenever the page is hidden, before what waits is sent', () => {
  visit()
  vi.advanceTimersByTime(5_000)
  turn('hidden')
  expect(told).toEqual(['view', 5, 'flush'])
  vi.advanceTimersByTime(60_000)
  turn('visible')
  vi.advanceTimersByTime(2_000)
  turn('hidden')
  expect(told.slice(3)).toEqual(['flush', 7, 'flush'])
  unmount()
})

it('does not say the same twice', () => {
  visit()
  vi.advanceTimersByTime(5_000)
  turn('hidden')
  window.dispatchEvent(new Event('pagehide'))
  unmount()
  expect(told).toEqual(['view', 5, 'flush'])
})
