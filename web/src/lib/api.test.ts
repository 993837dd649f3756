import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { me, sendEvents } from '@/client'
import { client } from '@/client/client.gen'
import { connect, createQueryClient } from './api'
import { ProblemError } from './problem'
import { createSession } from './session'

let requests: Request[]
let answer: (request: Request, signal: AbortSignal) => Promise<Response>

const refusal = () =>
  Response.json({ title: 'Not authenticated', detail: 'old', status: 401 }, { status: 401 })

function start(name: string | null) {
  localStorage.setItem('carousel.session', JSON.stringify({ token: 'old', shopper_id: 'x', name }))
  const session = createSession(localStorage)
  connect(client, session)
  return session
}
const asked = () =>
  requests.map((request) => `${new URL(request.url).pathname} ${request.headers.get('Authorization')}`)

beforeEach(() => {
  localStorage.clear()
  requests = []
  answer = async (request) => {
    if (new URL(request.url).pathname === '/v1/session')
      return Response.json({ token: 'new', shopper_id: 'y', name: null })
    return request.headers.get('Authorization') === 'Bearer old' ? refusal() : Response.json({ results: [] })
  }
  vi.stubGlobal('fetch', (request: Request, { signal }: RequestInit = {}) => {
    requests.push(request)
    return answer(request, signal ?? request.signal)
  })
  client.setConfig({ baseUrl: 'http://localhost' })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const never = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

it('waits twenty seconds for an answer, and asks once', async () => {
  vi.useFakeTimers()
  start(null)
  answer = (_, signal) => never(signal)
  const query = createQueryClient().fetchQuery({
    queryKey: ['me'],
    queryFn: () => me({ throwOnError: true }),
    retry: createQueryClient().getDefaultOptions().queries?.retry,
  })
  const problem = query.catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(19_000)
  expect(requests).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await problem).toMatchObject({ status: 0, title: 'No connection' })
  expect(await problem).toBeInstanceOf(ProblemError)
  expect(requests).toHaveLength(1)
})

it('follows what happens for as long as it may', async () => {
  vi.useFakeTimers()
  start(null)
  let isOver = false
  answer = (_, signal) => never(signal).finally(() => (isOver = true))
  const leave = new AbortController()
  const { stream } = await client.sse.get({ url: '/v1/live', signal: leave.signal, sseMaxRetryAttempts: 1 })
  void stream.next().catch(() => {})
  await vi.advanceTimersByTimeAsync(60_000)
  expect(isOver).toBe(false)
  leave.abort()
})

it('does not say as the next shopper what an account did', async () => {
  start('john')
  const { error } = await sendEvents({ body: { events: [] } })
  expect(error).toMatchObject({ status: 401 })
  expect(asked()).toEqual(['/v1/events Bearer old', '/v1/session null'])
})

it('does not say as whoever came meanwhile what somebody did', async () => {
  const session = start(null)
  answer = async (request) => {
    if (new URL(request.url).pathname !== '/v1/events')
      return Response.json({ token: 'new', shopper_id: 'y' })
    session.logout()
    await session.token()
    return refusal()
  }
  await sendEvents({ body: { events: [] } })
  expect(asked()).toEqual(['/v1/events Bearer old', '/v1/session null'])
})

it('says again as the same visitor what their old token was refused for', async () => {
  start(null)
  const { error } = await sendEvents({ body: { events: [] } })
  expect(error).toBeUndefined()
  expect(asked()).toEqual(['/v1/events Bearer old', '/v1/session null', '/v1/events Bearer new'])
})
