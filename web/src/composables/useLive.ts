import { onScopeDispose, watch } from 'vue'
import { client } from '@/client/client.gen'
import { backoff, sleep } from '@/lib/backoff'
import { useSession } from './useInjected'

export interface LiveHandlers {
  /** My taste changed, or may have while we were not connected. */
  taste(): void
  /** Back after following nothing for a while; settles when what is shown is no older than that. */
  back(): Promise<unknown>
  /** A listing left the market. */
  listing(listingId: string): void
}

/**
 * Follow `GET /v1/live` for whoever is shopping, for as long as the component lives and somebody may look; reconnects by
 * itself. Over HTTP/1 a browser opens six connections to a host: a hidden tab that held one would stop the seventh tab.
 */
export function useLive(handlers: LiveHandlers): void {
  const { shopper } = useSession()
  let current: AbortController | undefined

  function restart(caughtUp?: Promise<unknown>): void {
    current?.abort()
    if (!shopper.value || isHidden()) return
    current = new AbortController()
    void follow(current.signal, handlers, caughtUp)
  }
  const comeOrGo = () => restart(isHidden() ? undefined : handlers.back())

  watch(
    () => shopper.value?.shopper_id,
    () => restart(),
    { immediate: true },
  )
  document.addEventListener('visibilitychange', comeOrGo)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', comeOrGo)
    current?.abort()
  })
}

const isHidden = () => document.visibilityState === 'hidden'

async function follow(
  signal: AbortSignal,
  handlers: LiveHandlers,
  caughtUp?: Promise<unknown>,
): Promise<void> {
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
          // The answer may be of before the stream was open; asked for sooner, it would be given up for another.
          else if (!isOpen) void caughtUp?.then(() => handlers.taste())
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
