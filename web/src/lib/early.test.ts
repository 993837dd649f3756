import { beforeEach, expect, it, vi } from 'vitest'

const asked: string[] = []
let status = 200
const loaded: string[] = []

vi.mock('./pages', () => ({
  pageAt: (path: string) => (path === '/' ? undefined : () => Promise.resolve(loaded.push(path))),
  library: () => Promise.resolve(loaded.push('library')),
}))

function answer(path: string, init?: RequestInit): Promise<Response> {
  const bearer = new Headers(init?.headers).get('Authorization') ?? '-'
  asked.push(`${init?.method ?? 'GET'} ${path} ${bearer}`)
  return Promise.resolve(new Response(token(), { status }))
}

const token = () => JSON.stringify({ token: 'new', shopper_id: 'a' })

class FakeRequest {
  status = status
  responseText = token()
  onload = () => {}
  open = (method: string, path: string) => asked.push(`${method} ${path} -`)
  send = () => queueMicrotask(() => this.onload())
}

async function startAt(path: string) {
  vi.resetModules()
  history.replaceState(null, '', path)
  const early = await import('./early')
  early.startEarly()
  return early
}
const request = (path: string, method = 'GET') => new Request(`http://localhost:3000${path}`, { method })
const ROWS = '/v1/recommendations/rows?placement=home&n=12'

beforeEach(() => {
  localStorage.clear()
  sessionStorage.clear()
  asked.length = 0
  loaded.length = 0
  status = 200
  vi.stubGlobal('fetch', answer)
  vi.stubGlobal('XMLHttpRequest', FakeRequest)
  vi.stubGlobal('Worker', vi.fn())
})

it('asks for what home needs, under a new session, before the app is there', async () => {
  const { takeEarly } = await startAt('/')
  const session = await takeEarly(request('/v1/session', 'POST'))
  expect(await session?.json()).toEqual({ token: 'new', shopper_id: 'a' })
  expect((await takeEarly(request(ROWS)))?.ok).toBe(true)
  expect(asked).toEqual(['POST /v1/session -', `GET ${ROWS} Bearer new`, 'GET /v1/me/taste Bearer new'])
})

it('asks for the first page of a search that is not narrowed yet, as the app would', async () => {
  const { takeEarly } = await startAt('/search')
  expect((await takeEarly(request('/v1/listings?sort=recommended&n=24')))?.ok).toBe(true)
  await startAt('/search?make=Skoda')
  expect(asked.filter((path) => path.includes('listings'))).toHaveLength(1)
})

it('fetches the files of a page that has some of its own', async () => {
  await startAt('/')
  expect(loaded).toEqual([])
  await startAt('/taste')
  expect(loaded).toEqual(['/taste', 'library'])
})

it('gives each answer once', async () => {
  const { takeEarly } = await startAt('/')
  await takeEarly(request(ROWS))
  expect(await takeEarly(request(ROWS))).toBeUndefined()
})

it('uses the session of the last visit', async () => {
  localStorage.setItem('carousel.session', JSON.stringify({ token: 'old', shopper_id: 'a' }))
  const { takeEarly } = await startAt('/listings/stock-4711')
  await takeEarly(request('/v1/listings/stock-4711'))
  expect(asked).toEqual(['GET /v1/listings/stock-4711 Bearer old'])
})

it('leaves what was refused to the app, which asks again', async () => {
  status = 401
  localStorage.setItem('carousel.session', JSON.stringify({ token: 'old', shopper_id: 'a' }))
  const { takeEarly } = await startAt('/')
  expect(await takeEarly(request(ROWS))).toBeUndefined()
})

it('gives the router something to read, so that it begins without an exception', async () => {
  await startAt('/')
  expect(sessionStorage['vue-router:scroll']).toBe('{}')
  sessionStorage['vue-router:scroll'] = '{"0/":{"left":0,"top":7}}'
  await startAt('/')
  expect(sessionStorage['vue-router:scroll']).toContain('7')
})

it('paints in the colours that were chosen', async () => {
  localStorage.setItem('vueuse-color-scheme', 'dark')
  await startAt('/privacy')
  expect(document.documentElement.classList.contains('dark')).toBe(true)
})
