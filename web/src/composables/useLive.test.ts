import { flushPromises, mount } from '@vue/test-utils'
import { defineComponent, ref } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { client } from '@/client/client.gen'
import { SESSION, type Session } from '@/lib/session'
import { useLive } from './useLive'

const CONNECTED = 'retry: 1000\n: connected\n\n'
const shopper = ref<{ shopper_id: string } | null>()
let streams: { send(text: string): void; signal: AbortSignal }[]
let happened: string[]
let caughtUp: () => void
let unmount: () => void

function open(): void {
  const wrapper = mount(
    defineComponent(() => {
      useLive({
        taste: () => void happened.push('taste'),
        back: () => {
          happened.push('back')
          return new Promise<void>((resolve) => (caughtUp = resolve))
        },
        listing: (id) => void happened.push(id),
      })
      return () => null
    }),
    { global: { provide: { [SESSION as symbol]: { shopper } as unknown as Session } } },
  )
  unmount = () => wrapper.unmount()
}

async function turn(state: DocumentVisibilityState): Promise<void> {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)
  document.dispatchEvent(new Event('visibilitychange'))
  await flushPromises()
}
const following = () => streams.filter(({ signal }) => !signal.aborted).length
async function say(text: string): Promise<void> {
  streams.at(-1)?.send(text)
  await new Promise((resolve) => setTimeout(resolve, 5)) // through the pipes of a response
}

beforeEach(() => {
  shopper.value = { shopper_id: 'a' }
  streams = []
  happened = []
  client.setConfig({
    baseUrl: 'https://carousel.test',
    auth: () => 'token',
    async fetch(input) {
      const { signal } = input as Request
      const text = new TransformStream<string, string>()
      const writer = text.writable.getWriter()
      streams.push({ send: (part) => void writer.write(part), signal })
      return new Response(text.readable.pipeThrough(new TextEncoderStream()))
    },
  })
})
afterEach(() => unmount())

it('says what happens, and not that it is connected', async () => {
  open()
  await vi.waitUntil(() => streams.length === 1)
  await say(CONNECTED)
  expect(happened).toEqual([])
  await say('event: taste\ndata: {"taste_version": 2}\n\nevent: listing\ndata: {"listing_id": "k"}\n\n')
  expect(happened).toEqual(['taste', 'k'])
})

it('holds no connection while the page is hidden, and asks at once when it is looked at again', async () => {
  open()
  await vi.waitUntil(() => streams.length === 1)
  await turn('hidden')
  expect(following()).toBe(0)
  expect(happened).toEqual([])
  await turn('visible')
  expect(happened).toEqual(['back'])
  await vi.waitUntil(() => following() === 1)
})

it('asks once more for what changed before the stream was open, when the first answer is there', async () => {
  open()
  await turn('hidden')
  await turn('visible')
  await vi.waitUntil(() => following() === 1)
  await say(CONNECTED)
  expect(happened).toEqual(['back'])
  caughtUp()
  await flushPromises()
  expect(happened).toEqual(['back', 'taste'])
})

it('waits to be looked at where it was opened behind another page', async () => {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
  open()
  shopper.value = { shopper_id: 'b' }
  await flushPromises()
  expect(streams).toEqual([])
  await turn('visible')
  await vi.waitUntil(() => following() === 1)
})
