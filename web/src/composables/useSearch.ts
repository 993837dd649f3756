import { keepPreviousData, useInfiniteQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import type { SearchResult } from '@/client'
import { searchListingsInfiniteOptions } from '@/client/@tanstack/vue-query.gen'
import { rangeProblems, toApi, type SearchState } from '@/lib/search'

/** The pages of a search so far; the old ones stay on screen while a changed search loads. */
export function useSearch(state: Ref<SearchState>) {
  const isValid = computed(() => Object.keys(rangeProblems(state.value)).length === 0)
  const query = useInfiniteQuery(
    computed(() => ({
      ...searchListingsInfiniteOptions({ query: toApi(state.value) }),
      initialPageParam: {},
      getNextPageParam: ({ next_cursor: cursor }: SearchResult) =>
        cursor ? { query: { cursor } } : undefined,
      enabled: isValid.value,
      placeholderData: keepPreviousData,
    })),
  )
  const first = computed(() => query.data.value?.pages[0])
  // What there was before a range made no sense is not the answer to it; its facets still serve.
  const answer = computed(() => (isValid.value ? first.value : undefined))
  const isStale = computed(() => isValid.value && query.isPlaceholderData.value)
  const listings = computed(() => {
    // A listing that moved between two pages comes twice.
    const all = query.data.value?.pages.flatMap((page) => page.listings) ?? []
    return [...new Map(all.map((listing) => [listing.listing_id, listing])).values()]
  })
  return { ...query, first, answer, isStale, listings }
}
