import { MOST } from '@/lib/kept'
import type { Attribution } from '@/lib/listing'
import { useEvents } from './useInjected'
import { useShopperList } from './useShopperList'

/** The listings a shopper saved on this device; the service learns of each. */
export function useFavourites() {
  const events = useEvents()
  const { ids, has, add, remove } = useShopperList('favourites', MOST.favourites)

  function toggle(listingId: string, attribution: Attribution = {}): void {
    const isSaved = has(listingId)
    if (isSaved) remove(listingId)
    else add(listingId)
    void events.trackNow({
      ...attribution,
      type: isSaved ? 'unfavourite' : 'favourite',
      listing_id: listingId,
    })
  }

  return { ids, isFavourite: has, toggle, remove }
}
