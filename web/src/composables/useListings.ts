import { useQueries } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { getListingOptions } from '@/client/@tanstack/vue-query.gen'
import type { Listing } from '@/lib/listing'

/** The listings of a list of ids in its order, without those that are gone; and whether some are still on their way. */
export function useListings(ids: Readonly<Ref<readonly string[]>>) {
  const queries = useQueries({
    queries: computed(() => ids.value.map((id) => getListingOptions({ path: { listing_id: id } }))),
  })
  return {
    listings: computed(() => queries.value.flatMap(({ data }): Listing[] => (data ? [data] : []))),
    isLoading: computed(() => queries.value.some(({ isLoading }) => isLoading)),
  }
}
