import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEvents, type Send, type ShopperEvent } from './events'
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
})
