import { beforeEach, expect, it, vi } from 'vitest'
import { client } from '@/client/client.gen'
import { connect } from './api'
import { ProblemError } from './problem'
import { createSession } from './session'
import { me } from '@/client'

let isDown: boolean

/** A service that knows the tokens it gave out and `good` ones. */
function fakeService() {
  const calls: string[] = []
  let started = 0
  const answer = (body: unknown, status = 200) =>
    new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname } = new URL(request.url)
    calls.push(pathname)
    if (pathname === '/v1/session') {
      if (isDown) return answer({ title: 'Temporarily unavailable', detail: 'retry', status: 503 }, 503)
      started++
      return answer({ token: `t${started}`, shopper_id: `anonymous-${started}`, name: null })
    }
    if (pathname === '/v1/token') {
      const body = (await request.json()) as Record<string, unknown>
      return answer({ token: 'account', shopper_id: 'john', name: 'john1', asked: body })
    }
    return request.headers.get('Authorization') === 'Bearer bad'
      ? answer({ title: 'Not authenticated', detail: 'forged', status: 401 }, 401)
      : answer({ shopper_id: 'x', kind: 'anonymous', demo: true })
  })
  return calls
}

beforeEach(() => {
  isDown = false
  localStorage.clear()
  vi.unstubAllGlobals()
  client.setConfig({ baseUrl: 'http://localhost' })
})

it('starts one anonymous session for requests that come at once, and keeps it', async () => {
  const calls = fakeService()
  const session = createSession(localStorage)
  expect(await Promise.all([session.token(), session.token()])).toEqual(['t1', 't1'])
  expect(calls).toEqual(['/v1/session'])
  expect(await createSession(localStorage).token()).toBe('t1')
})

it('is one visitor in two tabs that are opened at once', async () => {
  fakeService()
  const [one, other] = [createSession(localStorage), createSession(localStorage)]
  expect(await Promise.all([one.token(), other.token()])).toEqual(['t1', 't1'])
  expect(other.shopper.value?.shopper_id).toBe('anonymous-1')

  localStorage.setItem('carousel.session', JSON.stringify({ token: 'now', shopper_id: 'z' }))
  const stale = JSON.stringify({ token: 'before', shopper_id: 'y' })
  globalThis.dispatchEvent(new StorageEvent('storage', { key: 'carousel.session', newValue: stale }))
  expect(one.shopper.value?.token).toBe('now')
})

it('replaces a token the service refuses, and repeats the request', async () => {
  const calls = fakeService()
  localStorage.setItem('carousel.session', JSON.stringify({ token: 'bad', shopper_id: 'x' }))
  const session = createSession(localStorage)
  connect(client, session)
  const { data } = await me({ throwOnError: true })
  expect(data.kind).toBe('anonymous')
  expect(calls).toEqual(['/v1/me', '/v1/session', '/v1/me'])
})

it('becomes the account after logging in, and nobody after logging out', async () => {
  fakeService()
  const session = createSession(localStorage)
  await session.token()
  await session.login('john1@example.com')
  const asked = { email: 'john1@example.com', anonymous_token: 't1' } // what the visitor did goes with them
  expect(session.shopper.value).toMatchObject({ name: 'john1', asked })
  session.logout()
  expect(session.shopper.value).toBeNull()
  expect(localStorage.getItem('carousel.session')).toBeNull()
})

const keep = (shopperId: string, ids: string[]) =>
  localStorage.setItem('carousel.favourites', JSON.stringify({ [shopperId]: ids }))
const favourites = (): unknown => JSON.parse(localStorage.getItem('carousel.favourites') ?? '{}')

it('takes what a visitor kept along to the account, and leaves it there after logging out', async () => {
  fakeService()
  const session = createSession(localStorage)
  await session.token()
  keep('anonymous-1', ['x'])
  await session.login('john1@example.com')
  expect(favourites()).toEqual({ john: ['x'] })
  session.logout()
  await session.token()
  expect(session.shopper.value?.shopper_id).toBe('anonymous-2')
  expect(favourites()).toEqual({ john: ['x'] })
})

it('takes what a visitor kept along when their token is replaced, whenever that succeeds', async () => {
  fakeService()
  localStorage.setItem('carousel.session', JSON.stringify({ token: 'bad', shopper_id: 'x', name: null }))
  keep('x', ['k'])
  connect(client, createSession(localStorage))
  isDown = true
  await expect(me({ throwOnError: true })).rejects.toMatchObject({ status: 503 })
  isDown = false
  connect(client, createSession(localStorage)) // the page is loaded again
  await me({ throwOnError: true })
  expect(favourites()).toEqual({ 'anonymous-1': ['k'] })
})

it('gives nothing of an account to whoever is here when its log-in has ended', async () => {
  fakeService()
  localStorage.setItem(
    'carousel.session',
    JSON.stringify({ token: 'bad', shopper_id: 'john', name: 'john1' }),
  )
  keep('john', ['k'])
  const session = createSession(localStorage)
  connect(client, session)
  await me({ throwOnError: true })
  expect(session.shopper.value?.shopper_id).toBe('anonymous-1')
  expect(favourites()).toEqual({ john: ['k'] })
})

it('gives nothing of one account to another that logs in after it', async () => {
  fakeService()
  localStorage.setItem('carousel.session', JSON.stringify({ token: 'm', shopper_id: 'mary', name: 'mary2' }))
  keep('mary', ['k'])
  const session = createSession(localStorage)
  await session.login('john1@example.com')
  expect(session.shopper.value).toHaveProperty('asked', { email: 'john1@example.com' })
  expect(favourites()).toEqual({ mary: ['k'] })
})

it('ignores what it cannot read in the storage', () => {
  localStorage.setItem('carousel.session', '{"half')
  expect(createSession(localStorage).shopper.value).toBeNull()
})

it('turns every failure into one kind of error', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
  const session = createSession(localStorage)
  connect(client, session)
  await expect(session.token()).rejects.toBeInstanceOf(ProblemError)
  await expect(session.token()).rejects.toMatchObject({ status: 0, isPassing: true })
})
