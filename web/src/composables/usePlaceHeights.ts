import { onBeforeUnmount, type Ref } from 'vue'

/** Of every list that was shown, by what it was for and the listing, in pixels. */
const heights = new Map<string, number>()

/**
 * How high the places of a list were when it was last left. Whoever comes back is scrolled to where they were before the
 * cards are built: until then each place is as high as its card.
 */
export function usePlaceHeights(list: Ref<HTMLElement | null>, purpose: () => string | undefined) {
  const key = (listingId: string | undefined) => `${purpose()} ${listingId}`

  onBeforeUnmount(() => {
    for (const place of list.value?.querySelectorAll<HTMLElement>('li[data-listing-id]') ?? [])
      heights.set(key(place.dataset.listingId), place.getBoundingClientRect().height)
  })

  return (listingId: string): number | undefined => heights.get(key(listingId))
}
