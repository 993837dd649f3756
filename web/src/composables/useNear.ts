import { onScopeDispose, readonly, ref, watch, type Ref } from 'vue'

/** Everything above what is on screen, so that coming back to a place finds all that makes it as high as it was. */
const MARGIN = '100000px 50% 50%'
/** The same inside a shelf, to its sides only: a browser adds this to the page's own height as well. */
const SHELF_MARGIN = '0px 50%'

/**
 * How many places of a list, from its first, have been near the screen. They are places, not listings: whichever
 * takes one of them is shown at once, also in a tab nobody looks at, where nothing is told to be near. The first
 * `atOnce` are near without asking.
 */
export function useNear(
  list: Ref<HTMLElement | null>,
  listingIds: Ref<readonly string[]>,
  atOnce = 0,
): Readonly<Ref<number>> {
  const near = ref(atOnce)
  let numbers = new Map<Element, number>()
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue
        near.value = Math.max(near.value, (numbers.get(target) ?? -1) + 1)
        observer.unobserve(target)
      }
    },
    { rootMargin: MARGIN, scrollMargin: SHELF_MARGIN },
  )
  watch(
    [listingIds, list],
    () => {
      observer.disconnect()
      numbers = new Map(
        Array.from(list.value?.querySelectorAll('li[data-listing-id]') ?? [], (place, at) => [place, at]),
      )
      for (const [place, at] of numbers) if (at >= near.value) observer.observe(place)
    },
    { flush: 'post', immediate: true },
  )
  onScopeDispose(() => observer.disconnect())
  return readonly(near)
}
