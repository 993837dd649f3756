import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createCarousel, type Carousel } from './main'
import { tokenOf } from './testing'

interface Call {
  path: string
  bearer: string
  ids: string[]
}
let calls: Call[]
let isAway: (path: string) => boolean
const [anna, bert] = [tokenOf('anna'), tokenOf('bert')]

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(console, 'error').mockImplementation(() => {})
  localStorage.clear()
  sessionStorage.clear()
  calls = []
  isAway = () => false
  vi.stubGlobal('addEventListener', (type: string, listener: EventListener) => {
    listeners.push([type, listener])
    listen(type, listener)
  })
  vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
    const path = url.replace('https://carousel.example', '')
    const bearer = (new Headers(init.headers).get('Authorization') ?? '').replace('Bearer ', '')
    const { events = [] } = JSON.parse(String(init.body ?? '{}')) as { events?: { listing_id: string }[] }
    calls.push({ path, bearer, ids: events.map((event) => event.listing_id) })
    if (isAway(path)) throw new TypeError('no network')
    if (path === '/v1/session') return Response.json({ token: 'visit', shopper_id: 'x' })
    return Response.json({ results: [] })
  })
})
afterEach(() => {
  close()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const page = (): Carousel => createCarousel('https://carousel.example')
const settle = () => vi.advanceTimersByTimeAsync(1_000)
const heard = () => calls.map(({ path, bearer, ids }) => [path, bearer, ...ids].filter(Boolean).join(' '))
const leave = () => dispatchEvent(new Event('pagehide'))

/** What an earlier page of somebody could not send. */
async function leftBehind(token: string | undefined, listing: string): Promise<void> {
  isAway = (path) => path === '/v1/events'
  const before = page()
  before('init', { token })
  before('click', listing)
  await settle()
  close()
  isAway = () => false
  calls = []
}

// Of a page that is gone nothing runs any more.
const listeners: [string, EventListener][] = []
const { addEventListener: listen } = globalThis
function close(): void {
  vi.clearAllTimers()
  listeners.splice(0).forEach(([type, listener]) => removeEventListener(type, listener))
}

it('sends what an earlier page of the account could not, with its token and no other', async () => {
  await leftBehind(anna, 'clicked')
  page()('init', { token: async () => tokenOf('anna', 2) })
  await settle()
  expect(heard()).toEqual([`/v1/events ${tokenOf('anna', 2)} clicked`])
})

it('waits with it until the token is there and the visit is the account’s', async () => {
  localStorage.setItem('carousel.session', JSON.stringify({ token: 'visit', shopper_id: 'x' }))
  await leftBehind(undefined, 'clicked')
  let give: (token: string) => void = () => {}
  page()('init', { token: () => new Promise((resolve) => (give = resolve)) })
  await settle()
  expect(heard()).toEqual([])
  give(anna)
  await settle()
  expect(heard()).toEqual([`/v1/me/merge ${anna}`, `/v1/events ${anna} clicked`])
})

it('sends what was done before a log-out as who did it', async () => {
  const carousel = page()
  carousel('init', { token: anna })
  await settle()
  carousel('favourite', 'a')
  carousel('init')
  carousel('view', 'b')
  await settle()
  expect(heard()).toEqual([`/v1/events ${anna} a`, '/v1/session', '/v1/events visit b'])
})

it('keeps apart what is noted around one log-in after another', async () => {
  const carousel = page()
  carousel('init', { token: async () => anna })
  carousel('view', 'a')
  carousel('init', { token: async () => bert })
  carousel('view', 'b')
  await settle()
  expect(heard()).toEqual([`/v1/events ${anna} a`, `/v1/events ${bert} b`])
})

it('forgets what could not be sent before a log-out', async () => {
  const carousel = page()
  carousel('init', { token: anna })
  await settle()
  isAway = (path) => path === '/v1/events'
  carousel('favourite', 'a')
  carousel('init')
  await settle()
  isAway = () => false
  calls = []
  carousel('view', 'b')
  await settle()
  expect(heard()).toEqual(['/v1/session', '/v1/events visit b'])
})

it('takes what an anonymous shopper just did along when they log in', async () => {
  const carousel = page()
  carousel('init')
  carousel('view', 'a')
  carousel('init', { token: anna })
  carousel('view', 'b')
  await settle()
  expect(heard()).toEqual([
    '/v1/session',
    '/v1/events visit a',
    `/v1/me/merge ${anna}`,
    `/v1/events ${anna} b`,
  ])
})

it('sends the last events with the page that goes away', async () => {
  const carousel = page()
  carousel('init', { token: anna })
  await settle()
  carousel('click', 'a')
  leave()
  await vi.advanceTimersByTimeAsync(0)
  expect(heard()).toEqual([`/v1/events ${anna} a`])
})
