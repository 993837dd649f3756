import type { EventBody } from '../src/client'
import { backoff } from '../src/lib/backoff'
import { uuid7 } from '../src/lib/uuid'
import { post, RefusedError, type Service } from './service'
import { createStore, type Store } from './store'

export type Noted = Omit<EventBody, 'event_id' | 'occurred_at' | 'sent_at'>

const WAIT_MS = 1_000
const AT_ONCE = 20
/** A browser lets a page that goes away send 64 kB; an event has about 300 bytes. */
const BATCH = 100
/** Events kept while the service is away; the oldest go first. */
const MOST_WAITING = 500

/** What waits, and whose it is (`Service.owner`): events of one shopper are never sent with the token of another. */
export interface Kept {
  owner: string | null
  events: EventBody[]
}

export interface Queue {
  note(event: Noted): void
  flush(options?: { keepalive: boolean }): Promise<void>
}

/**
 * Events on their way. They are written down before they are sent and crossed out when the service has them, so they
 * survive a closed page and an absent network. Sending one twice is safe: its id counts once.
 */
export function createQueue(service: Service, store: Store<Kept> = createStore('carousel.events')): Queue {
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let sending = Promise.resolve()
  let outliving = new Set<string>() // ids in a request that outlives the page: hiding and leaving come together

  /** What the shopper of now did; what somebody else left behind is overwritten by the next event. */
  function waiting(): EventBody[] {
    const kept = store.read()
    const owner = service.owner()
    // What was done before logging in is the account's.
    return kept && (kept.owner === owner || (owner !== null && !kept.owner)) ? kept.events : []
  }

  function write(events: EventBody[]): void {
    store.write(events.length > 0 ? { owner: service.owner(), events } : undefined)
  }

  function schedule(delay: number): void {
    timer ??= setTimeout(() => void flush(), delay)
  }

  function note(event: Noted): void {
    const noted = { ...event, event_id: uuid7(), occurred_at: new Date().toISOString() }
    const all = [...waiting(), noted].slice(-MOST_WAITING)
    write(all)
    if (all.length >= AT_ONCE && failures === 0) void flush()
    else schedule(WAIT_MS)
  }

  function flush({ keepalive = false } = {}): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    // One request at a time keeps their order; a page that goes away cannot wait for its turn.
    if (keepalive) return deliver(true)
    sending = sending.then(() => deliver(false))
    return sending
  }

  async function deliver(keepalive: boolean): Promise<void> {
    const batch = waiting()
      .filter((event) => !outliving.has(event.event_id))
      .slice(0, BATCH)
    if (batch.length === 0) return
    if (keepalive) outliving = new Set(batch.map((event) => event.event_id))
    try {
      await send(batch, keepalive)
    } catch (error) {
      if (!(error instanceof RefusedError) || error.isPassing)
        return schedule(backoff(failures++, { first: WAIT_MS }))
      cross(batch)
      console.error(error.message)
    } finally {
      outliving.clear()
    }
    failures = 0
    return deliver(keepalive)
  }

  async function send(batch: EventBody[], keepalive: boolean): Promise<void> {
    const sent_at = new Date().toISOString()
    const events = batch.map((event) => ({ ...event, sent_at }))
    const response = await service.request('/v1/events', { ...post({ events }), keepalive })
    const { results } = (await response.json()) as { results: { status: string; reason?: string }[] }
    cross(batch)
    for (const { status, reason } of results) if (status === 'rejected') console.error(`carousel: ${reason}`)
  }

  function cross(batch: EventBody[]): void {
    const gone = new Set(batch.map((event) => event.event_id))
    write(waiting().filter((event) => !gone.has(event.event_id)))
  }

  return { note, flush }
}
