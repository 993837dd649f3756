import { effectScope, nextTick, ref } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { useTurn } from './useTurn'

beforeEach(() => vi.useFakeTimers())
afterEach(() => {
  vi.runAllTimers()
  vi.useRealTimers()
})

const turns = (count: number) => Array.from({ length: count }, () => useTurn(ref(true)))
const taken = (all: { value: boolean }[]) => all.filter(({ value }) => value).length

it('lets the first few at once and the rest a few at a time, from the top', async () => {
  const scope = effectScope()
  const all = scope.run(() => turns(8)) ?? []
  expect(all.map(({ value }) => value)).toEqual([true, true, true, false, false, false, false, false])
  await vi.advanceTimersToNextTimerAsync()
  expect(taken(all)).toBe(6)
  await vi.advanceTimersToNextTimerAsync()
  expect(taken(all)).toBe(8)
  scope.stop()
})

it('forgets those that are gone', async () => {
  const gone = effectScope()
  gone.run(() => turns(20))
  gone.stop()
  const scope = effectScope()
  const all = scope.run(() => turns(3)) ?? []
  await vi.advanceTimersToNextTimerAsync()
  expect(taken(all)).toBe(3)
  scope.stop()
})

it('gives nobody a turn who does not want it yet', async () => {
  const scope = effectScope()
  const wants = ref(false)
  const isMine = scope.run(() => useTurn(wants))
  await vi.runAllTimersAsync()
  expect(isMine?.value).toBe(false)
  wants.value = true
  await nextTick()
  await vi.runAllTimersAsync()
  expect(isMine?.value).toBe(true)
  scope.stop()
})
