import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { createGlobalState, useSessionStorage } from '@vueuse/core'
import { computed, watch, type Ref } from 'vue'
import { myTaste, type TasteOut } from '@/client'
import { myTasteQueryKey } from '@/client/@tanstack/vue-query.gen'
import { readPlace, type Place } from '@/lib/place'
import { useSession } from './useInjected'

// Kept until the tab is closed: a car opened from a search is as far away as the list said.
const useSearched = createGlobalState(() => useSessionStorage('carousel.near', ''))

/** The place distances are told from: the one searched around, else the shopper's home. */
export function usePlace() {
  const searched = useSearched()
  const home = useHome()
  return { place: computed(() => readPlace(searched.value ?? '') ?? home.value ?? undefined) }
}

/** Remember the place of a search, and forget it when the shopper takes it away. */
export function useSearchedPlace(near: Ref<string | undefined>): void {
  const searched = useSearched()
  watch(
    near,
    (now, before) => {
      if (now !== undefined || before !== undefined) searched.value = now ?? ''
    },
    { immediate: true },
  )
}

/** Whoever shops here next does not hear of the place of a search; only from a visitor to their account it goes along. */
export function useForgottenPlace(): void {
  const searched = useSearched()
  const { shopper } = useSession()
  watch(shopper, (now, before) => {
    if (!now || (before?.name && before.shopper_id !== now.shopper_id)) searched.value = null
  })
}

/**
 * The home of My taste. A query of its own, as every event makes the taste stale and no event moves the home: changing
 * it there makes all other queries stale, this one too.
 */
function useHome(): Ref<Place | null | undefined> {
  const queries = useQueryClient()
  const { data } = useQuery({
    queryKey: ['home'],
    async queryFn(): Promise<Place | null> {
      const known = queries.getQueryData<TasteOut>(myTasteQueryKey())
      const { stated } = known ?? (await myTaste({ throwOnError: true })).data
      return stated.home ?? null
    },
    staleTime: Infinity,
  })
  return data
}
