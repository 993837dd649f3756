import { createQueue, type Noted } from './events'
import { createImpressions, watchMarked } from './impressions'
import { follow, type LiveHandlers } from './live'
import { defineRow, type Site } from './row'
import { createService, type GivenToken } from './service'
import { createStore } from './store'

export interface InitOptions {
  /** Where Carousel answers; by default where this script came from. */
  api?: string
  /** The marketplace's own token of a shopper who is logged in; without it the shopper is anonymous. */
  token?: GivenToken
}
export interface RowOptions {
  placement?: string
  n?: number
  /** Filters of the search, such as `body=suv&max_price=15000`. */
  filters?: string
  heading?: string
  /** Address of a listing's page, such as `/cars/{listing_id}`. */
  link?: string
  lang?: string
}
type Details = Partial<Omit<Noted, 'type'>>
type Origins = Record<string, Noted>

export interface Carousel {
  (command: 'init', options?: InitOptions): void
  (command: 'mount', target: string | Element, options?: RowOptions): void
  (type: string, listing?: string | string[] | null, details?: Details): void
  mount(target: string | Element, options?: RowOptions): HTMLElement | null
  q?: ArrayLike<unknown>[]
}

const MOST_ORIGINS = 50

/** @param home Where this script came from. */
export function createCarousel(home: string): Carousel {
  const early: Noted[] = []
  const origins = createStore<Origins>('carousel.origins', () => sessionStorage)
  let site: Running | undefined
  let announce: (site: Site) => void = () => {}
  defineRow(new Promise((resolve) => (announce = resolve)))

  function remember(click: Noted): void {
    const known = Object.entries(origins.read() ?? {}).slice(-MOST_ORIGINS)
    if (click.listing_id) origins.write(Object.fromEntries([...known, [click.listing_id, click]]))
  }

  function init({ api = home, token }: InitOptions = {}): void {
    const isFirst = !site
    const here = (site ??= start(api.replace(/\/+$/, ''), remember))
    void here.become(token, isFirst).then(() => announce(here))
    early.splice(0).forEach(here.note)
  }

  function track(type: string, listing?: string | string[] | null, details: Details = {}): void {
    const about = Array.isArray(listing) ? { listing_ids: listing } : listing ? { listing_id: listing } : {}
    // A view belongs to the slate that led to it, though that was on another page.
    const from = typeof listing === 'string' ? origins.read()?.[listing] : undefined
    const event = { ...from, ...about, ...details, type }
    if (site) site.note(event)
    else early.push(event)
  }

  function mount(target: string | Element, options: RowOptions = {}): HTMLElement | null {
    const place = typeof target === 'string' ? document.querySelector(target) : target
    if (!place) {
      if (document.readyState === 'loading')
        document.addEventListener('DOMContentLoaded', () => mount(target, options), { once: true })
      else console.error(`carousel: nothing on this page matches ${String(target)}`)
      return null
    }
    const row = document.createElement('carousel-row')
    for (const [name, value] of Object.entries(options))
      if (value !== undefined) row.setAttribute(name, String(value))
    row.append(...place.childNodes) // what the page shows where there is nothing to recommend
    place.append(row)
    return row
  }

  function carousel(command: string, ...rest: unknown[]): void {
    const [first, second] = rest
    if (command === 'init') init(first as InitOptions)
    else if (command === 'mount') mount(first as string | Element, second as RowOptions)
    else track(command, first as string, second as Details)
  }
  return Object.assign(carousel, { mount })
}

interface Running extends Site {
  become(token: GivenToken | undefined, isFirst: boolean): Promise<void>
}

function start(api: string, remember: Site['remember']): Running {
  const service = createService(api)
  const queue = createQueue(service)
  const impressions = createImpressions(note)
  const listeners = new Set<LiveHandlers>()
  let connection: AbortController | undefined
  let turn = Promise.resolve() // what follows an `init` is of whoever it names, so it waits for that one

  function note(event: Noted): void {
    turn = turn.then(() => queue.note(event))
  }
  function become(token: GivenToken | undefined, isFirst: boolean): Promise<void> {
    impressions.flush()
    // Whoever was here until now speaks first, while their token is at hand.
    if (!isFirst) turn = turn.then(() => queue.flush())
    turn = turn
      .then(() => service.become(token))
      .catch((error: unknown) => console.error(error))
      .then(() => {
        void queue.flush() // also what an earlier page could not send
        restart()
      })
    return turn
  }

  // A page nobody looks at needs no connection.
  function connect(): void {
    connection?.abort()
    connection = undefined
    if (listeners.size === 0 || document.visibilityState === 'hidden') return
    connection = new AbortController()
    void follow(service, everyone, connection.signal)
  }
  function restart(): void {
    connect()
    everyone.taste()
  }
  const everyone: LiveHandlers = {
    taste: () => listeners.forEach((handlers) => handlers.taste()),
    listing: (listingId) => listeners.forEach((handlers) => handlers.listing(listingId)),
  }
  function listen(handlers: LiveHandlers): () => void {
    listeners.add(handlers)
    if (!connection) connect()
    return () => {
      listeners.delete(handlers)
      if (listeners.size === 0) connect()
    }
  }
  function leave(): void {
    impressions.flush()
    void turn.then(() => queue.flush({ keepalive: true }))
  }

  watchMarked(document.documentElement, impressions)
  addEventListener('pagehide', leave)
  addEventListener('online', () => void turn.then(() => queue.flush()))
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') return restart()
    leave()
    connect()
  })
  return { service, impressions, note, remember, listen, become }
}
