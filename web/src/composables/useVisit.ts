import { onScopeDispose, watch, type Ref } from 'vue'
import type { Attribution } from '@/lib/listing'
import { useEvents } from './useInjected'

const SHORTEST_SECONDS = 1

/** Seconds a page was really looked at: the clock stands still while it is hidden. */
export function createStopwatch(now: () => number = () => performance.now()) {
  let total = 0
  let since: number | undefined
  return {
    run(isRunning: boolean): void {
      if (since !== undefined) total += now() - since
      since = isRunning ? now() : undefined
    },
    seconds: (): number => (total + (since === undefined ? 0 : now() - since)) / 1000,
  }
}

/** Tell the service that a listing is looked at (at once, so that coming back shows the change), and then how long. */
export function useVisit(listingId: Ref<string | undefined>, attribution: () => Attribution): void {
  const events = useEvents()

  watch(
    listingId,
    (id, _, onCleanup) => {
      if (!id) return
      const from = attribution()
      const stopwatch = createStopwatch()
      let told = 0
      const tell = () => {
        const value = Math.round(stopwatch.seconds() * 10) / 10
        if (value < SHORTEST_SECONDS || value === told) return
        told = value
        events.track({ ...from, type: 'dwell', listing_id: id, value })
      }
      const comeOrGo = () => {
        const isVisible = document.visibilityState === 'visible'
        stopwatch.run(isVisible)
        if (!isVisible) tell() // a phone ends a hidden page without a word; of several looks the longest counts
      }
      stopwatch.run(document.visibilityState === 'visible')
      // Capturing, so that both come before the flush of main.ts.
      document.addEventListener('visibilitychange', comeOrGo, { capture: true })
      window.addEventListener('pagehide', tell, { capture: true })
      void events.trackNow({ ...from, type: 'view', listing_id: id })
      onCleanup(() => {
        document.removeEventListener('visibilitychange', comeOrGo, { capture: true })
        window.removeEventListener('pagehide', tell, { capture: true })
        tell()
      })
    },
    { immediate: true },
  )
  onScopeDispose(() => void events.flush())
}
