import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createService } from './service'
import { tokenOf } from './testing'

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

it('asks for a new token of the shop when its token has expired, and knows the same account', async () => {
  const tokens = [tokenOf('añña', 1), tokenOf('añña', 2)]
  status = ({ bearer }) => (bearer === `Bearer ${tokens[1]}` ? 200 : 401)
  const one = service()
  expect(one.owner()).toBeNull()
  let asked = 0
  await one.become(() => tokens[asked++] ?? '')
  const owner = one.owner()
  expect((await one.request('/v1/a')).status).toBe(200)
  expect(asked).toBe(2)
  expect(owner).toBeTruthy()
  expect(one.owner()).toBe(owner)
})

it('repeats no request with the token of somebody else', async () => {
  const tokens = [tokenOf('anna'), tokenOf('bert')]
  status = ({ bearer }) => (bearer === `Bearer ${tokens[0]}` ? 401 : 200)
  const one = service()
  let asked = 0
  await one.become(() => tokens[asked++] ?? '')
  await expect(one.request('/v1/a')).rejects.toMatchObject({ status: 401 })
  expect(heard()).toEqual([`/v1/a Bearer ${tokens[0]}`])
})

it('says with which status the service refused', async () => {
  status = () => 503
  await expect(service().request('/v1/a')).rejects.toMatchObject({ status: 503, isPassing: true })
})
