import type { InjectionKey } from 'vue'
import { backoff } from './backoff'
import type { Attribution } from './listing'
import { ProblemError } from './problem'
import { uuid7 } from './uuid'

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

const BATCH = 20
const WAIT_MS = 1_000
/** Events kept while the service is away; the oldest go first. */
const MOST_WAITING = 500

/** Collect events and send them in batches of at most 20, a second after the first. Safe to retry: each has an id. */
export function createEvents(send: Send): Events {
  let waiting: ShopperEvent[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0

  function schedule(delay: number): void {
    timer ??= setTimeout(() => void flush(), delay)
  }

  function note(event: Tracked): void {
    waiting.push({ ...event, event_id: uuid7(), occurred_at: new Date().toISOString() })
  }

  function track(event: Tracked): void {
    note(event)
    if (waiting.length >= BATCH && failures === 0) void flush()
    else schedule(WAIT_MS)
  }

  async function trackNow(event: Tracked): Promise<void> {
    note(event)
    await flush()
  }

  async function flush({ keepalive = false }: Partial<SendOptions> = {}): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const batch = waiting.splice(0)
    if (batch.length === 0) return
    const sent_at = new Date().toISOString()
    try {
      await send(
        batch.map((event) => ({ ...event, sent_at })),
        { keepalive },
      )
      failures = 0
    } catch (error) {
      // What the service refuses today it refuses tomorrow: only a passing error is worth keeping the events for.
      if (error instanceof ProblemError && !error.isPassing) return
      waiting = [...batch, ...waiting].slice(-MOST_WAITING)
      schedule(backoff(failures++, { first: WAIT_MS }))
    }
  }

  return { track, trackNow, flush }
}
