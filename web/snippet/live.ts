import { backoff, sleep } from '../src/lib/backoff'
import type { Service } from './service'

export interface LiveHandlers {
  /** The shopper's taste changed, or may have while we were not connected. */
  taste(): void
  /** A listing left the market. */
  listing(listingId: string): void
}

/** Follow `GET /v1/live` until the signal says stop; EventSource could not send the token. */
export async function follow(service: Service, handlers: LiveHandlers, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    let isOpen = false
    try {
      const { body } = await service.request('/v1/live', { signal })
      for await (const message of messages(body)) {
        if (!isOpen && attempt > 0) handlers.taste() // after a gap nobody knows what was missed
        isOpen = true
        dispatch(message, handlers)
      }
    } catch {
      // No token or no connection: the next try may have both.
    }
    if (isOpen) attempt = 0
    await sleep(backoff(attempt), signal)
  }
}

async function* messages(body: ReadableStream<Uint8Array<ArrayBuffer>> | null): AsyncGenerator<string> {
  if (!body) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    text += value
    const whole = text.split('\n\n')
    text = whole.pop() ?? ''
    yield* whole
  }
}

function dispatch(message: string, handlers: LiveHandlers): void {
  const [, event] = /^event: ?(.*)$/m.exec(message) ?? []
  const [, data = '{}'] = /^data: ?(.*)$/m.exec(message) ?? []
  if (event === 'taste') handlers.taste()
  if (event === 'listing') {
    const { listing_id: id } = JSON.parse(data) as { listing_id?: string }
    if (id) handlers.listing(id)
  }
}
