import type { InjectionKey } from 'vue'
import { backoff, sleep } from './backoff'
import type { Attribution } from './listing'
import { ProblemError } from './problem'
import { uuid7 } from './uuid'
import { createStore, type Store } from '../../snippet/store'

export type EventType =
  | 'impression'
  | 'click'
  | 'view'
  | 'dwell'
  | 'search'
  | 'favourite'
  | 'unfavourite'
  | 'contact'
  | 'hide'
  | 'unhide'

/** What a page knows about an event; the rest is added when it is tracked. */
export interface Tracked extends Attribution {
  type: EventType
  listing_id?: string
  listing_ids?: string[]
  value?: number
  /** ISO 4217; of `value` or of the filters. */
  currency?: string
  reason?: string
  context?: Record<string, unknown>
}

export interface ShopperEvent extends Tracked {
  event_id: string
  occurred_at: string
  sent_at?: string
}

export interface SendOptions {
  /** The page is going away: the request must outlive it. */
  keepalive: boolean
}
export type Send = (events: ShopperEvent[], options: SendOptions) => Promise<void>

export interface Events {
  /** Note an event; it is sent with the next batch. */
  track(event: Tracked): void
  /** Note an event and send it, and whatever waits, at once. */
  trackNow(event: Tracked): Promise<void>
  flush(options?: Partial<SendOptions>): Promise<void>
}

export const EVENTS: InjectionKey<Events> = Symbol('events')

const AT_ONCE = 20
/** A browser lets a page that goes away send 64 kB; an event has about 300 bytes. */
const BATCH = 100
const WAIT_MS = 1_000
/** Events kept while the service is away; the oldest go first. */
const MOST_WAITING = 500
/** Whoever leaves waits no longer for events that are written down anyway. */
const PATIENCE_MS = 1_500
export const STORED_EVENTS = 'carousel.page-events'

/** Who did it: events of one shopper are never sent with the token of another. `null` before the first session. */
export type Owner = () => string | null

export interface Kept {
  owner: string | null
  events: ShopperEvent[]
}

/**
 * Collect events and send them in batches, a second after the first. They are written down before they are sent and
 * crossed out when the service has them, so they survive a closed page and an absent network; `flush` at the next start
 * sends them. Sending one twice is safe: its id counts once.
 */
export function createEvents(
  send: Send,
  owner: Owner = () => null,
  store: Store<Kept> = createStore(STORED_EVENTS),
): Events {
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let sending: Promise<void> | undefined
  let leaving = new Set<string>() // ids in a request that outlives the page: hiding and leaving come together

  /** What the shopper of now did; what is left of one who logged out without a network is forgotten. */
  function waiting(): ShopperEvent[] {
    const kept = store.read()
    if (!kept) return []
    if (Array.isArray(kept.events) && (kept.owner === null || kept.owner === owner())) return kept.events
    store.write(undefined)
    return []
  }

  function write(events: ShopperEvent[]): void {
    store.write(events.length > 0 ? { owner: owner(), events } : undefined)
  }

  function schedule(delay: number): void {
    timer ??= setTimeout(() => void flush(), delay)
  }

  function note(event: Tracked): void {
    const noted = { ...event, event_id: uuid7(), occurred_at: new Date().toISOString() }
    write([...waiting(), noted].slice(-MOST_WAITING))
  }

  function track(event: Tracked): void {
    note(event)
    if (waiting().length >= AT_ONCE && failures === 0) void flush()
    else schedule(WAIT_MS)
  }

  async function trackNow(event: Tracked): Promise<void> {
    note(event)
    await flush()
  }

  async function flush({ keepalive = false }: Partial<SendOptions> = {}): Promise<void> {
    // One request at a time keeps their order; a page that goes away cannot wait for its turn.
    while (sending && !keepalive) await sending
    clearTimeout(timer)
    timer = undefined
    const batch = waiting()
      .filter(({ event_id: id }) => !leaving.has(id))
      .slice(0, BATCH)
    if (batch.length === 0) return
    if (keepalive) leaving = new Set(batch.map(({ event_id: id }) => id))
    const mine = deliver(batch, { keepalive })
    sending = mine
    await mine
    if (sending === mine) sending = undefined
    if (keepalive) leaving.clear()
    if (failures === 0 && waiting().length > 0) schedule(0)
  }

  async function deliver(batch: ShopperEvent[], options: SendOptions): Promise<void> {
    const sent_at = new Date().toISOString()
    try {
      await send(
        batch.map((event) => ({ ...event, sent_at })),
        options,
      )
    } catch (error) {
      // What the service refuses today it refuses tomorrow, but for an old token, which is replaced meanwhile.
      if (!(error instanceof ProblemError) || error.isPassing || error.status === 401) {
        schedule(backoff(failures++, { first: WAIT_MS }))
        return
      }
    }
    failures = 0
    const gone = new Set(batch.map(({ event_id: id }) => id))
    write(waiting().filter(({ event_id: id }) => !gone.has(id)))
  }

  return { track, trackNow, flush }
}

/** Send what waits before the shopper becomes another, unless that takes too long. */
export async function flushBriefly(events: Events): Promise<void> {
  const patience = new AbortController()
  await Promise.race([events.flush(), sleep(PATIENCE_MS, patience.signal)])
  patience.abort()
}
