import { onScopeDispose, shallowReactive, watch, type Ref } from 'vue'

/** Everything above what is on screen, so that coming back to a place finds all that makes it as high as it was. */
const MARGIN = '100000px 50% 50%'

/** The listings whose elements (children of `list` with a `data-listing-id`) have been near the screen. */
export function useNear(
  list: Ref<HTMLElement | null>,
  listingIds: Ref<readonly string[]>,
): ReadonlySet<string> {
  const near = shallowReactive(new Set<string>())
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue
        near.add(target.getAttribute('data-listing-id') ?? '')
        observer.unobserve(target)
      }
    },
    { rootMargin: MARGIN, scrollMargin: '50%' } as IntersectionObserverInit,
  )
  watch(
    [listingIds, list],
    () => {
      observer.disconnect()
      for (const element of list.value?.querySelectorAll('li[data-listing-id]') ?? [])
        if (!near.has(element.getAttribute('data-listing-id') ?? '')) observer.observe(element)
    },
    { flush: 'post', immediate: true },
  )
  onScopeDispose(() => observer.disconnect())
  return near
}
