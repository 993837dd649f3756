import { useQueries } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { getListingOptions } from '@/client/@tanstack/vue-query.gen'
import type { Listing } from '@/lib/listing'

const GONE = 404

/** The listings of a list of ids in its order, those that are gone, and whether some are still on their way, or failed. */
export function useListings(ids: Readonly<Ref<readonly string[]>>) {
  const queries = useQueries({
    queries: computed(() => ids.value.map((id) => getListingOptions({ path: { listing_id: id } }))),
  })
  const failed = computed(() =>
    queries.value.filter(({ data, error }) => !data && error && error.status !== GONE),
  )
  return {
    listings: computed(() => queries.value.flatMap(({ data }): Listing[] => (data ? [data] : []))),
    /** The ids no listing has any more. */
    gone: computed(() =>
      ids.value.filter((_, index) => {
        const query = queries.value[index]
        return !query?.data && query?.error?.status === GONE
      }),
    ),
    isLoading: computed(() => queries.value.some(({ isLoading }) => isLoading)),
    error: computed(() => failed.value[0]?.error),
    /** Ask again for those that failed. */
    refetch: () => Promise.all(failed.value.map(({ refetch }) => refetch())),
  }
}
