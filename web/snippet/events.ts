import type { EventBody } from '../src/client'
import { backoff } from '../src/lib/backoff'
import { uuid7 } from '../src/lib/uuid'
import { RefusedError, type Service } from './service'
import { createStore, type Store } from './store'

export type Noted = Omit<EventBody, 'event_id' | 'occurred_at' | 'sent_at'>

const WAIT_MS = 1_000
const AT_ONCE = 20
/** A browser lets a page that goes away send 64 kB; an event has about 300 bytes. */
const BATCH = 100
/** Events kept while the service is away; the oldest go first. */
const MOST_WAITING = 500

export interface Queue {
  note(event: Noted): void
  flush(options?: { keepalive: boolean }): Promise<void>
}

/**
 * Events on their way. They are written down before they are sent and crossed out when the service has them, so they
 * survive a closed page and an absent network. Sending one twice is safe: its id counts once.
 */
export function createQueue(
  service: Service,
  store: Store<EventBody[]> = createStore('carousel.events'),
): Queue {
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let isSending = false
  let outliving = new Set<string>() // ids in a request that outlives the page: hiding and leaving come together

  const waiting = () => store.read() ?? []

  function schedule(delay: number): void {
    timer ??= setTimeout(() => void flush(), delay)
  }

  function note(event: Noted): void {
    const noted = { ...event, event_id: uuid7(), occurred_at: new Date().toISOString() }
    const all = [...waiting(), noted].slice(-MOST_WAITING)
    store.write(all)
    if (all.length >= AT_ONCE && failures === 0) void flush()
    else schedule(WAIT_MS)
  }

  async function flush({ keepalive = false } = {}): Promise<void> {
    // One request at a time keeps their order; a page that goes away cannot wait for its turn.
    if (isSending && !keepalive) return
    clearTimeout(timer)
    timer = undefined
    const batch = waiting()
      .filter((event) => !outliving.has(event.event_id))
      .slice(0, BATCH)
    if (batch.length === 0) return
    isSending = true
    if (keepalive) outliving = new Set(batch.map((event) => event.event_id))
    try {
      await send(batch, keepalive)
      failures = 0
    } catch (error) {
      if (error instanceof RefusedError && !error.isPassing) {
        cross(batch)
        failures = 0
        console.error(error.message)
      } else schedule(backoff(failures++, { first: WAIT_MS, most: 60_000 }))
    } finally {
      isSending = false
      outliving.clear()
    }
    if (failures === 0 && waiting().length > 0) schedule(0)
  }

  async function send(batch: EventBody[], keepalive: boolean): Promise<void> {
    const sent_at = new Date().toISOString()
    const response = await service.request('/v1/events', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ events: batch.map((event) => ({ ...event, sent_at })) }),
      keepalive,
    })
    const { results } = (await response.json()) as { results: { status: string; reason?: string }[] }
    cross(batch)
    for (const { status, reason } of results) if (status === 'rejected') console.error(`carousel: ${reason}`)
  }

  function cross(batch: EventBody[]): void {
    const gone = new Set(batch.map((event) => event.event_id))
    const left = waiting().filter((event) => !gone.has(event.event_id))
    store.write(left.length > 0 ? left : undefined)
  }

  return { note, flush }
}
