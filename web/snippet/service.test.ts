import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createService } from './service'

interface Call {
  path: string
  bearer: string | null
}
let calls: Call[]
let status: (call: Call) => number

beforeEach(() => {
  localStorage.clear()
  calls = []
  status = () => 200
  let sessions = 0
  vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
    const path = url.replace('https://carousel.example', '')
    const call = { path, bearer: new Headers(init.headers).get('Authorization') }
    calls.push(call)
    if (path === '/v1/session') return Response.json({ token: `anonymous-${++sessions}`, shopper_id: 'x' })
    return new Response('{}', { status: status(call) })
  })
})
afterEach(() => vi.unstubAllGlobals())

const service = () => createService('https://carousel.example')
const heard = () => calls.map(({ path, bearer }) => `${path} ${bearer ?? ''}`.trim())

it('starts one anonymous session on first use and keeps it', async () => {
  const first = service()
  await Promise.all([first.request('/v1/a'), first.request('/v1/b')])
  await service().request('/v1/c')
  expect(heard()).toEqual([
    '/v1/session',
    '/v1/a Bearer anonymous-1',
    '/v1/b Bearer anonymous-1',
    '/v1/c Bearer anonymous-1',
  ])
})

it('starts another session when the old one is refused', async () => {
  await service().request('/v1/a')
  status = ({ bearer }) => (bearer === 'Bearer anonymous-1' ? 401 : 200)
  await service().request('/v1/b')
  expect(heard().slice(2)).toEqual(['/v1/b Bearer anonymous-1', '/v1/session', '/v1/b Bearer anonymous-2'])
})

it('takes what an anonymous shopper did along when they log in, once', async () => {
  const one = service()
  await one.request('/v1/a')
  await one.become(() => 'account')
  await one.become('account')
  await one.request('/v1/b')
  expect(heard().slice(2)).toEqual(['/v1/me/merge Bearer account', '/v1/b Bearer account'])
})

it('asks for a new token of the shop when its token has expired', async () => {
  const tokens = ['old', 'new']
  status = ({ bearer }) => (bearer === 'Bearer old' ? 401 : 200)
  const one = service()
  await one.become(() => tokens.shift() ?? 'new')
  expect((await one.request('/v1/a')).status).toBe(200)
})

it('says with which status the service refused', async () => {
  status = () => 503
  await expect(service().request('/v1/a')).rejects.toMatchObject({ status: 503, isPassing: true })
})
