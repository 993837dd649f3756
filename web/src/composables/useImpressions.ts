import { onScopeDispose, watch, type Ref } from 'vue'
import type { Attribution } from '@/lib/listing'
import { useEvents } from './useInjected'

const HALF = 0.5
const LONG_ENOUGH_MS = 1_000
const TOGETHER_MS = 500
const OUTERMOST = '[data-listing-id]:not([data-listing-id] [data-listing-id])'

/**
 * Count a listing as seen once per slate, when half of its card was visible for a second. Cards are the
 * outermost elements inside `container` with a `data-listing-id`; `attribution` names the slate, and counting starts anew with it.
 */
export function useImpressions(
  container: Ref<HTMLElement | null>,
  listingIds: Ref<readonly string[]>,
  attribution: Ref<Attribution>,
): void {
  const events = useEvents()
  const timers = new Map<Element, ReturnType<typeof setTimeout>>()
  let counted = new Set<string>()
  let seen: string[] = []
  let sending: ReturnType<typeof setTimeout> | undefined

  function send(slate: Attribution): void {
    clearTimeout(sending)
    sending = undefined
    if (seen.length === 0) return
    events.track({ ...slate, type: 'impression', listing_ids: seen })
    seen = []
  }

  function see(card: Element): void {
    const id = card.getAttribute('data-listing-id')
    timers.delete(card)
    if (!id || counted.has(id)) return
    counted.add(id)
    seen.push(id)
    sending ??= setTimeout(() => send(attribution.value), TOGETHER_MS)
  }

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        clearTimeout(timers.get(target))
        timers.delete(target)
        if (isIntersecting)
          timers.set(
            target,
            setTimeout(() => see(target), LONG_ENOUGH_MS),
          )
      }
    },
    { threshold: HALF },
  )

  function stop(): void {
    observer.disconnect()
    timers.forEach((timer) => clearTimeout(timer))
    timers.clear()
  }

  watch(
    [listingIds, attribution, container],
    (_, [, before]) => {
      stop()
      if (before && before.recommendation_id !== attribution.value.recommendation_id) {
        send(before)
        counted = new Set()
      }
      container.value?.querySelectorAll(OUTERMOST).forEach((card) => observer.observe(card))
    },
    { flush: 'post', immediate: true },
  )
  onScopeDispose(() => {
    send(attribution.value)
    stop()
  })
}
