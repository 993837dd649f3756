import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { defineComponent } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { client } from '@/client/client.gen'
import { createTranslations, speak } from '@/lib/i18n'
import { changed, type Profile, type TasteChange } from '@/lib/profile'
import { useTaste, type TasteControl } from './useTaste'

interface Message {
  title: string
  actions?: { onClick: () => void }[]
}
const messages: Message[] = []
vi.mock('@nuxt/ui/composables', () => ({
  useToast: () => ({ add: (message: Message) => messages.push(message) }),
}))

const suv = { block: 'body', value: 'suv', text: 'SUV', weight: 4 }
let service: Profile
let puts: TasteChange[]
let isDown = false

beforeEach(() => {
  vi.useFakeTimers()
  messages.length = 0
  puts = []
  isDown = false
  service = {
    taste_version: 1,
    event_count: 2,
    personalised: true,
    phase: 'orientation',
    interests: [],
    timeline: [],
    statements: [{ ...suv, stated: null }],
    stated: { preferences: [] },
  }
  client.setConfig({
    baseUrl: 'https://carousel.test',
    auth: () => 'token',
    async fetch(input) {
      const request = input as Request
      if (request.method === 'GET') return Response.json(service)
      const wish = (await request.json()) as TasteChange
      puts.push(wish)
      if (isDown) return Response.json({ title: 'Temporarily unavailable', detail: 'retry' }, { status: 503 })
      const next = changed(service, wish)
      service = { ...next, taste_version: service.taste_version + 1 }
      return Response.json(service)
    },
  })
})
afterEach(() => vi.useRealTimers())

async function start() {
  const i18n = createTranslations()
  await speak(i18n, 'en')
  let control: TasteControl | undefined
  const host = mount(
    defineComponent(() => {
      control = useTaste()
      return () => null
    }),
    { global: { plugins: [i18n, [VueQueryPlugin, { queryClient: new QueryClient() }]] } },
  )
  await vi.waitUntil(() => control?.taste.value)
  if (!control) throw new Error('not mounted')
  return { control, unmount: () => host.unmount() }
}
const levels = (control: TasteControl) => control.taste.value?.statements.map(({ stated }) => stated)
const undo = () => messages[0]?.actions?.[0]?.onClick()

it('shows a change before the service has answered, and then its answer', async () => {
  const { control } = await start()
  control.setLevel(suv, 'more', 'More SUV')
  await flushPromises()
  expect(levels(control)).toEqual(['more'])
  await vi.waitUntil(() => control.taste.value?.taste_version === 2)
  expect(puts).toEqual([{ preferences: [{ block: 'body', value: 'suv', level: 'more' }] }])
  expect(messages.map(({ title }) => title)).toEqual(['More SUV'])
})

it('takes a change back', async () => {
  const { control } = await start()
  control.setLevel(suv, 'never', 'Never SUV')
  await vi.waitUntil(() => control.taste.value?.taste_version === 2)
  undo()
  await vi.waitUntil(() => control.taste.value?.taste_version === 3)
  expect(levels(control)).toEqual([null])
  expect(puts.at(-1)).toEqual({ preferences: [] })
})

it('returns to what the service has when a change fails, and says so', async () => {
  const { control } = await start()
  isDown = true
  control.setLevel(suv, 'more', 'More SUV')
  await vi.waitUntil(() => messages.some(({ title }) => title === 'That could not be saved'))
  await vi.waitUntil(() => levels(control)?.[0] === null)
})

it('forgets only when the time to undo is over', async () => {
  const { control } = await start()
  control.forget([suv], 'Forgotten: SUV')
  expect(levels(control)).toEqual([])
  await vi.advanceTimersByTimeAsync(7_000)
  expect(puts).toEqual([])
  await vi.advanceTimersByTimeAsync(2_000)
  expect(puts).toEqual([{ forget: [{ block: 'body', value: 'suv' }], preferences: [] }])
})

it('forgets nothing when that is undone', async () => {
  const { control } = await start()
  control.forget([suv], 'Forgotten: SUV')
  undo()
  expect(levels(control)).toEqual([null])
  await vi.advanceTimersByTimeAsync(20_000)
  expect(puts).toEqual([])
})

it('forgets at once when the page is left', async () => {
  const { control, unmount } = await start()
  control.forget([suv], 'Forgotten: SUV')
  unmount()
  await vi.waitUntil(() => puts.length === 1)
})

it('forgets at once, in a request that outlives it, when the browser takes the page away', async () => {
  const { control } = await start()
  const made = vi.spyOn(globalThis, 'Request') // happy-dom's own does not tell
  control.forget([suv], 'Forgotten: SUV')
  window.dispatchEvent(new Event('pagehide'))
  await vi.waitUntil(() => puts.length === 1)
  expect(made.mock.lastCall?.[1]?.keepalive).toBe(true)
  expect(levels(control)).toEqual([])
  await vi.advanceTimersByTimeAsync(20_000)
  expect(puts).toHaveLength(1)
})
