import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEvents, flushBriefly, STORED_EVENTS, type Send, type ShopperEvent } from './events'
import { ProblemError } from './problem'

const sent: ShopperEvent[][] = []
let answer: () => Promise<void>
const send: Send = async (events) => {
  sent.push(events)
  await answer()
}
const types = () => sent.map((batch) => batch.map((event) => event.type))

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  sent.length = 0
  answer = async () => {}
})
afterEach(() => vi.useRealTimers())

describe('events', () => {
  it('go out together one second after the first', async () => {
    const events = createEvents(send)
    events.track({ type: 'click', listing_id: 'a' })
    await vi.advanceTimersByTimeAsync(600)
    events.track({ type: 'impression', listing_ids: ['a'] })
    expect(types()).toEqual([])
    await vi.advanceTimersByTimeAsync(400)
    expect(types()).toEqual([['click', 'impression']])
  })

  it('go out at once when twenty wait', async () => {
    const events = createEvents(send)
    for (let i = 0; i < 20; i++) events.track({ type: 'click', listing_id: `${i}` })
    await vi.advanceTimersByTimeAsync(0)
    expect(sent[0]).toHaveLength(20)
  })

  it('go out at once when the next page depends on them, with what waited before', async () => {
    const events = createEvents(send)
    events.track({ type: 'click', listing_id: 'a', position: 3 })
    await events.trackNow({ type: 'view', listing_id: 'a' })
    expect(types()).toEqual([['click', 'view']])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(sent).toHaveLength(1)
  })

  it('have an id of version 7, and the time they happened and were sent', async () => {
    vi.setSystemTime('2026-01-31T12:00:00Z')
    const events = createEvents(send)
    events.track({ type: 'click', listing_id: 'a' })
    await vi.advanceTimersByTimeAsync(1_000)
    const [event] = sent[0] ?? []
    expect(event?.event_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(event?.occurred_at).toBe('2026-01-31T12:00:00.000Z')
    expect(event?.sent_at).toBe('2026-01-31T12:00:01.000Z')
  })

  it('are kept and sent again under the same ids while the service is away', async () => {
    answer = () => Promise.reject(new ProblemError(503, 'Temporarily unavailable', 'retry'))
    const events = createEvents(send)
    await events.trackNow({ type: 'view', listing_id: 'a' })
    answer = async () => {}
    await vi.advanceTimersByTimeAsync(2_000)
    expect(types()).toEqual([['view'], ['view']])
    expect(sent[1]?.[0]?.event_id).toBe(sent[0]?.[0]?.event_id)
  })

  it('are given up when the service refuses them', async () => {
    answer = () => Promise.reject(new ProblemError(422, 'Invalid input', 'no'))
    const events = createEvents(send)
    await events.trackNow({ type: 'view', listing_id: 'a' })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent).toHaveLength(1)
  })

  it('outlive the page when it goes away', async () => {
    const options: boolean[] = []
    const events = createEvents(async (_, { keepalive }) => void options.push(keepalive))
    events.track({ type: 'dwell', listing_id: 'a', value: 12 })
    await events.flush({ keepalive: true })
    expect(options).toEqual([true])
  })

  it('survive the page that noted them, and go out with the next', async () => {
    answer = () => Promise.reject(new ProblemError(0, 'No connection', 'offline'))
    const before = createEvents(send, () => 'a')
    await before.trackNow({ type: 'view', listing_id: 'x' })
    answer = async () => {}
    await createEvents(send, () => 'a').flush()
    expect(sent[1]?.[0]?.event_id).toBe(sent[0]?.[0]?.event_id)
    await createEvents(send, () => 'a').flush()
    expect(sent).toHaveLength(2)
  })

  it('of one shopper are never sent as another, nor left on the device', async () => {
    answer = () => Promise.reject(new ProblemError(0, 'No connection', 'offline'))
    await createEvents(send, () => 'john').trackNow({ type: 'view', listing_id: 'x' })
    answer = async () => {}
    await createEvents(send, () => 'jane').flush()
    expect(sent).toHaveLength(1)
    expect(localStorage.getItem(STORED_EVENTS)).toBeNull()
  })

  it('noted before there was a session go with the first', async () => {
    answer = () => Promise.reject(new ProblemError(0, 'No connection', 'offline'))
    await createEvents(send, () => null).trackNow({ type: 'view', listing_id: 'x' })
    answer = async () => {}
    await createEvents(send, () => 'jane').flush()
    expect(types()).toEqual([['view'], ['view']])
  })

  it('are at most 500, the newest', async () => {
    answer = () => Promise.reject(new ProblemError(0, 'No connection', 'offline'))
    const events = createEvents(send)
    await events.trackNow({ type: 'view', listing_id: 'first' })
    for (let i = 0; i < 500; i++) events.track({ type: 'click', listing_id: `${i}` })
    const kept = JSON.parse(localStorage.getItem(STORED_EVENTS) ?? '') as { events: ShopperEvent[] }
    expect(kept.events).toHaveLength(500)
    expect(kept.events[0]?.listing_id).toBe('0')
  })

  it('go out in batches of a hundred when many waited', async () => {
    answer = () => Promise.reject(new ProblemError(0, 'No connection', 'offline'))
    const events = createEvents(send)
    for (let i = 0; i < 250; i++) events.track({ type: 'click', listing_id: `${i}` })
    await vi.advanceTimersByTimeAsync(0)
    sent.length = 0
    answer = async () => {}
    await events.flush()
    await vi.advanceTimersByTimeAsync(1)
    expect(sent.map((batch) => batch.length)).toEqual([100, 100, 50])
    expect(sent.flat().map((event) => event.listing_id)).toEqual(
      Array.from({ length: 250 }, (_, i) => `${i}`),
    )
  })

  it('wait for the request under way, and each is sent once', async () => {
    let arrive = () => {}
    answer = () => new Promise((resolve) => (arrive = resolve))
    const events = createEvents(send)
    const all = ['a', 'b', 'c'].map((id) => events.trackNow({ type: 'view', listing_id: id }))
    arrive()
    await vi.advanceTimersByTimeAsync(0)
    arrive()
    await Promise.all(all)
    expect(sent.map((batch) => batch.map((event) => event.listing_id))).toEqual([['a'], ['b', 'c']])
  })

  it('are sent by a page that goes away though a request is under way', async () => {
    answer = () => new Promise(() => {})
    const events = createEvents(send)
    void events.trackNow({ type: 'view', listing_id: 'a' })
    void events.flush({ keepalive: true })
    void events.flush({ keepalive: true }) // hidden, then left
    expect(types()).toEqual([['view'], ['view']])
  })

  it('keep nobody waiting who leaves, and are not sent as whoever comes then', async () => {
    answer = () => new Promise(() => {})
    let owner: string | null = 'john'
    const events = createEvents(send, () => owner)
    void events.trackNow({ type: 'view', listing_id: 'a' })
    events.track({ type: 'click', listing_id: 'b' })
    let isOver = false
    void flushBriefly(events).then(() => (isOver = true))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(isOver).toBe(true)
    owner = 'jane'
    answer = async () => {}
    await createEvents(send, () => owner).flush()
    expect(types()).toEqual([['view']])
  })

  it('are kept while an old token is replaced', async () => {
    answer = () => Promise.reject(new ProblemError(401, 'Not authenticated', 'old'))
    const events = createEvents(send)
    await events.trackNow({ type: 'view', listing_id: 'a' })
    answer = async () => {}
    await vi.advanceTimersByTimeAsync(2_000)
    expect(types()).toEqual([['view'], ['view']])
  })
})
