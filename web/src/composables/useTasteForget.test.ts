import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { gone } from '@/testing/messages'
import { levels, openTaste, service, startService, suv, things, undo, wagon } from '@/testing/taste'

vi.mock('@nuxt/ui/composables', () => import('@/testing/messages'))

beforeEach(() => {
  vi.useFakeTimers()
  startService()
})
afterEach(() => vi.useRealTimers())

it('forgets only when the time to undo is over', async () => {
  const { control } = await openTaste()
  control.forget([suv], 'Forgotten: SUV')
  expect(levels(control)).toEqual([])
  await vi.advanceTimersByTimeAsync(7_000)
  expect(service.puts).toEqual([])
  await vi.advanceTimersByTimeAsync(2_000)
  expect(service.puts).toEqual([{ forget: [{ block: 'body', value: 'suv' }], preferences: [] }])
})

it('forgets nothing when that is undone', async () => {
  const { control } = await openTaste()
  control.forget([suv], 'Forgotten: SUV')
  undo()
  expect(levels(control)).toEqual([null])
  await vi.advanceTimersByTimeAsync(20_000)
  expect(service.puts).toEqual([])
})

it('takes back either of two things to be forgotten', async () => {
  startService([suv, wagon])
  const { control } = await openTaste()
  control.forget([suv], 'Forgotten: SUV')
  await vi.advanceTimersByTimeAsync(3_000)
  control.forget([wagon], 'Forgotten: wagon')
  expect(things(control)).toEqual([])
  undo()
  expect(things(control)).toEqual(['suv'])
  await vi.advanceTimersByTimeAsync(20_000)
  expect(service.puts).toEqual([{ forget: [{ block: 'body', value: 'wagon' }], preferences: [] }])
})

it('offers no undo of what is done', async () => {
  const { control } = await openTaste()
  control.forget([suv], 'Forgotten: SUV')
  await vi.advanceTimersByTimeAsync(7_000)
  expect(gone).toEqual([])
  await vi.advanceTimersByTimeAsync(2_000)
  expect(gone).toEqual(['Forgotten: SUV'])
})

it('does not forget what is wished for afterwards', async () => {
  const { control } = await openTaste()
  control.forget([suv], 'Forgotten: SUV')
  control.setLevel(suv, 'more', 'More SUV')
  expect(levels(control)).toEqual(['more'])
  await vi.waitUntil(() => service.puts.length === 2)
  expect(service.puts[1]).toEqual({ preferences: [{ block: 'body', value: 'suv', level: 'more' }] })
})

it('forgets at once when the page is left, and takes back the offer to undo it', async () => {
  const { control, unmount } = await openTaste()
  control.forget([suv], 'Forgotten: SUV')
  control.forget([wagon], 'Forgotten: wagon')
  unmount()
  await vi.waitUntil(() => service.puts.length === 1)
  expect(service.puts[0]?.forget?.map(({ value }) => value)).toEqual(['suv', 'wagon'])
  expect(gone).toEqual(['Forgotten: SUV', 'Forgotten: wagon'])
})

it('forgets at once, in a request that outlives it, when the browser takes the page away', async () => {
  const { control } = await openTaste()
  const made = vi.spyOn(globalThis, 'Request') // happy-dom's own does not tell
  control.forget([suv], 'Forgotten: SUV')
  window.dispatchEvent(new Event('pagehide'))
  await vi.waitUntil(() => service.puts.length === 1)
  expect(made.mock.lastCall?.[1]?.keepalive).toBe(true)
  expect(levels(control)).toEqual([])
  await vi.advanceTimersByTimeAsync(20_000)
  expect(service.puts).toHaveLength(1)
})
