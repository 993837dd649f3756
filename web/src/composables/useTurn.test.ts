import { createApp, effectScope, ref, watch, type App, type EffectScope, type Ref } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createTurns, TURNS } from '@/lib/turns'
import { useStartTurn, useTurn } from './useTurn'

const PART_MS = 3 // of 8 in a turn, so that a turn builds three
let passed = 0
let scope: EffectScope
let app: App

beforeEach(() => {
  passed = 0
  vi.spyOn(performance, 'now').mockImplementation(() => passed)
  scope = effectScope()
})
afterEach(() => scope.stop())

/** An app on a page that was opened this way. */
function opened(type: NavigationTimingType) {
  vi.spyOn(performance, 'getEntriesByType').mockReturnValue([{ type } as PerformanceNavigationTiming])
  const turns = createTurns()
  app = createApp({}).provide(TURNS, turns)
  return turns
}

/** Parts, each of which takes its time once it is built. */
function parts(count: number, isMine: () => Readonly<Ref<boolean>>): () => boolean[] {
  const build = () => {
    const isBuilt = isMine()
    watch(isBuilt, (now) => now && (passed += PART_MS), { immediate: true, flush: 'sync' })
    return isBuilt
  }
  const all = app.runWithContext(() => scope.run(() => Array.from({ length: count }, build))) ?? []
  return () => all.map(({ value }) => value)
}
const turn = () => new Promise((resolve) => setTimeout(resolve))
const count = (built: boolean[]) => built.filter(Boolean).length

it('lets the first few at once and the rest a few at a time, from the top', async () => {
  opened('reload')
  const built = parts(8, () => useTurn(ref(true)))
  expect(built()).toEqual([true, true, true, false, false, false, false, false])
  await turn()
  expect(count(built())).toBe(6)
  await turn()
  expect(count(built())).toBe(8)
})

it('forgets those that are gone', async () => {
  opened('reload')
  parts(20, () => useTurn(ref(true)))
  scope.stop()
  scope = effectScope()
  const built = parts(3, () => useTurn(ref(true)))
  await turn()
  expect(count(built())).toBe(3)
})

it('gives nobody a turn who does not want it yet', async () => {
  opened('reload')
  const wants = ref(false)
  const built = parts(1, () => useTurn(wants))
  await turn()
  expect(built()).toEqual([false])
  wants.value = true
  await turn()
  expect(built()).toEqual([true])
})

it('builds a page just opened part by part, and last what is last', async () => {
  opened('navigate')
  const header = parts(1, () => useStartTurn(true))
  const cards = parts(4, () => useTurn(ref(true)))
  const built = () => [...header(), ...cards()]
  expect(count(built())).toBe(0)
  await turn()
  expect(built()).toEqual([false, true, true, true, false])
  await turn()
  expect(count(built())).toBe(5)
})

it('builds all at once in a tab nobody looks at', async () => {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
  opened('navigate')
  expect(parts(5, () => useStartTurn(true))()).not.toContain(false)
  expect(parts(20, () => useTurn(ref(true)))()).not.toContain(false)
})

it('builds what comes later on the first page part by part as well, its first few at once', async () => {
  opened('navigate')
  parts(1, () => useStartTurn(false))
  await turn()
  const built = parts(5, () => useStartTurn(false))
  expect(built()).toEqual([true, true, true, false, false])
  await turn()
  expect(count(built())).toBe(5)
})

it('builds another page at once, and one that is scrolled to its place', async () => {
  opened('navigate').leaveFirstPage()
  expect(parts(5, () => useStartTurn(true))()).not.toContain(false)
  opened('back_forward')
  expect(parts(5, () => useStartTurn(true))()).not.toContain(false)
})
