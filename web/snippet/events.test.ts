import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { EventBody } from '../src/client'
import { createQueue, type Kept } from './events'
import { RefusedError, type Service } from './service'
import { createStore } from './store'

let sent: { ids: (string | null | undefined)[]; keepalive: boolean | undefined }[]
let answer: () => Promise<Response>
let owner: string | null
const service: Service = {
  async request(_, init) {
    const { events } = JSON.parse(String(init?.body)) as { events: EventBody[] }
    sent.push({ ids: events.map((event) => event.listing_id), keepalive: init?.keepalive })
    return answer()
  },
  become: async () => {},
  owner: () => owner,
}
const accepted = async () => Response.json({ results: [] })
const store = () => createStore<Kept>('carousel.events')
const view = (listing_id: string) => ({ type: 'view', listing_id })

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(console, 'error').mockImplementation(() => {})
  localStorage.clear()
  sent = []
  owner = null
  answer = accepted
})
afterEach(() => vi.useRealTimers())

it('sends what happened within a second together', async () => {
  const queue = createQueue(service)
  queue.note(view('a'))
  queue.note(view('b'))
  expect(sent).toEqual([])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(sent).toEqual([{ ids: ['a', 'b'], keepalive: false }])
  expect(store().read()).toBeUndefined()
})

it('lets the last request outlive the page', async () => {
  const queue = createQueue(service)
  queue.note(view('a'))
  await queue.flush({ keepalive: true })
  expect(sent).toEqual([{ ids: ['a'], keepalive: true }])
})

it('sends them once when a page is hidden and left at once', async () => {
  const queue = createQueue(service)
  queue.note(view('a'))
  await Promise.all([queue.flush({ keepalive: true }), queue.flush({ keepalive: true })])
  expect(sent).toHaveLength(1)
})

it('goes on with the others after some were refused', async () => {
  answer = () => Promise.reject(new RefusedError(503))
  const queue = createQueue(service)
  queue.note(view('a'))
  await vi.advanceTimersByTimeAsync(1_000)
  answer = () => Promise.reject(new RefusedError(422))
  await queue.flush()
  expect(store().read()).toBeUndefined()
  answer = accepted
  for (let i = 0; i < 20; i++) queue.note(view(`${i}`))
  await vi.advanceTimersByTimeAsync(0)
  expect(sent.at(-1)?.ids).toHaveLength(20)
})

it('keeps events while the service is away, and the next page sends them under the same ids', async () => {
  answer = () => Promise.reject(new TypeError('no network'))
  const queue = createQueue(service)
  queue.note(view('a'))
  await vi.advanceTimersByTimeAsync(1_000)
  const [kept] = store().read()?.events ?? []
  expect(kept?.listing_id).toBe('a')
  answer = accepted
  await createQueue(service).flush()
  expect(sent.map(({ ids }) => ids)).toEqual([['a'], ['a']])
  expect(store().read()).toBeUndefined()
})

it('tries again by itself, later each time', async () => {
  answer = () => Promise.reject(new RefusedError(503))
  createQueue(service).note(view('a'))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(sent).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(sent).toHaveLength(2)
  answer = accepted
  await vi.advanceTimersByTimeAsync(2_000)
  expect(sent).toHaveLength(3)
  expect(store().read()).toBeUndefined()
})

it('drops what the service will never take, and says so', async () => {
  answer = () => Promise.reject(new RefusedError(422))
  createQueue(service).note(view('a'))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(sent).toHaveLength(1)
  expect(console.error).toHaveBeenCalledWith('carousel: the service answered with status 422')
})

it('names an event that was rejected', async () => {
  answer = async () => Response.json({ results: [{ status: 'rejected', reason: 'type is wiew' }] })
  createQueue(service).note({ type: 'wiew' })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(console.error).toHaveBeenCalledWith('carousel: type is wiew')
})

it('crosses out only what was sent when more came meanwhile', async () => {
  let arrive: (response: Response) => void = () => {}
  answer = () => new Promise((resolve) => (arrive = resolve))
  const queue = createQueue(service)
  queue.note(view('a'))
  const first = queue.flush()
  await vi.advanceTimersByTimeAsync(0)
  queue.note(view('b'))
  answer = accepted
  arrive(await accepted())
  await first
  await vi.advanceTimersByTimeAsync(1_000)
  expect(sent.map(({ ids }) => ids)).toEqual([['a'], ['b']])
})

it.each([
  ['anonymous', 'anna', null],
  ['of another account', 'anna', 'bert'],
  ['of an account that has no name yet', 'anna', ''],
])('never sends what an account left behind when the next shopper is %s', async (_, before, after) => {
  answer = () => Promise.reject(new TypeError('no network'))
  const queue = createQueue(service)
  owner = before
  queue.note(view('of anna'))
  await queue.flush()
  sent = []
  answer = accepted
  owner = after
  queue.note(view('of the next'))
  await queue.flush()
  expect(sent.map(({ ids }) => ids)).toEqual([['of the next']])
  expect(store().read()).toBeUndefined()
})

it('keeps what an account could not send while nobody else does anything', async () => {
  owner = 'anna'
  createQueue(service).note(view('a'))
  owner = null
  await createQueue(service).flush()
  owner = 'anna'
  await createQueue(service).flush()
  expect(sent.map(({ ids }) => ids)).toEqual([['a']])
})

it('sends what was done before logging in for the account', async () => {
  createQueue(service).note(view('a'))
  owner = 'anna'
  const queue = createQueue(service)
  queue.note(view('b'))
  await queue.flush()
  expect(sent.map(({ ids }) => ids)).toEqual([['a', 'b']])
})

it('flushes what came during a request, too', async () => {
  let arrive: (response: Response) => void = () => {}
  answer = () => new Promise((resolve) => (arrive = resolve))
  const queue = createQueue(service)
  queue.note(view('a'))
  const first = queue.flush()
  await vi.advanceTimersByTimeAsync(0)
  queue.note(view('b'))
  arrive(await accepted())
  answer = accepted
  await queue.flush()
  expect(sent.map(({ ids }) => ids)).toEqual([['a'], ['b']])
  await first
})
