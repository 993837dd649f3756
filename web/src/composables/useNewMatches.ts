import { useQueries } from '@tanstack/vue-query'
import { computed } from 'vue'
import { searchListingsOptions } from '@/client/@tanstack/vue-query.gen'
import { toApi } from '@/lib/search'
import { stateOf, useSavedSearches } from './useSavedSearches'

/** New cars come all day; whoever leaves the page open hears of them. */
const AGAIN_MS = 5 * 60_000

/** How many cars each saved search found that were first offered since it was looked at; undefined until known. */
export function useNewMatches() {
  const { searches } = useSavedSearches()
  const answers = useQueries({
    queries: computed(() =>
      searches.value.map((search) => ({
        ...searchListingsOptions({
          // The order does not matter for a count, and "recommended" costs most.
          query: { ...toApi(stateOf(search)), sort: 'newest', listed_after: search.seenAt, n: 0 },
        }),
        refetchInterval: AGAIN_MS,
      })),
    ),
  })
  const counts = computed(() => searches.value.map((_, index) => answers.value[index]?.data?.total))
  return { counts, sum: computed(() => counts.value.reduce((sum: number, count) => sum + (count ?? 0), 0)) }
}
