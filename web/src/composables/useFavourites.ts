import { useLocalStorage } from '@vueuse/core'
import { computed } from 'vue'
import type { Attribution } from '@/lib/listing'
import { useEvents, useSession } from './useInjected'

/** The listings a shopper saved on this device. The service learns of each; it keeps no list yet. */
export function useFavourites() {
  const events = useEvents()
  const { shopper } = useSession()
  const saved = useLocalStorage<Record<string, string[]>>('carousel.favourites', {})
  const mine = computed(() => saved.value[shopper.value?.shopper_id ?? ''] ?? [])

  function toggle(listingId: string, attribution: Attribution = {}): void {
    const isSaved = mine.value.includes(listingId)
    const next = isSaved ? mine.value.filter((id) => id !== listingId) : [...mine.value, listingId]
    saved.value = { ...saved.value, [shopper.value?.shopper_id ?? '']: next }
    void events.trackNow({
      ...attribution,
      type: isSaved ? 'unfavourite' : 'favourite',
      listing_id: listingId,
    })
  }

  return { isFavourite: (listingId: string) => mine.value.includes(listingId), toggle }
}
