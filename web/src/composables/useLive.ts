import { onScopeDispose, watch } from 'vue'
import { client } from '@/client/client.gen'
import { backoff, sleep } from '@/lib/backoff'
import { useSession } from './useInjected'

export interface LiveHandlers {
  /** My taste changed, or may have while we were not connected. */
  taste(): void
  /** A listing left the market. */
  listing(listingId: string): void
}

/** Follow `GET /v1/live` for whoever is shopping, for as long as the component lives; reconnects by itself. */
export function useLive(handlers: LiveHandlers): void {
  const { shopper } = useSession()
  let current: AbortController | undefined

  watch(
    () => shopper.value?.shopper_id,
    (shopperId) => {
      current?.abort()
      if (!shopperId) return
      current = new AbortController()
      void follow(current.signal, handlers)
    },
    { immediate: true },
  )
  onScopeDispose(() => current?.abort())
}

async function follow(signal: AbortSignal, handlers: LiveHandlers): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    let isOpen = false
    try {
      const { stream } = await client.sse.get({
        url: '/v1/live',
        security: [{ scheme: 'bearer', type: 'http' }],
        signal,
        sseMaxRetryAttempts: 1, // each try here asks for the token anew
        onSseEvent: ({ event, data }) => {
          // After a gap nobody knows what was missed.
          if (!isOpen && attempt > 0) handlers.taste()
          isOpen = true
          dispatch(event, data, handlers)
        },
      })
      while (!(await stream.next()).done);
    } catch {
      // No token or no connection: the next try may have both.
    }
    if (isOpen) attempt = 0
    await sleep(backoff(attempt), signal)
  }
}

function dispatch(event: string | undefined, data: unknown, handlers: LiveHandlers): void {
  if (event === 'taste') handlers.taste()
  if (event === 'listing' && typeof data === 'object' && data !== null && 'listing_id' in data) {
    handlers.listing(String(data.listing_id))
  }
}
