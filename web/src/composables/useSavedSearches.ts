import { useLocalStorage } from '@vueuse/core'
import { computed } from 'vue'
import type { LocationQuery } from 'vue-router'
import { MOST, storedAs, type SavedSearch } from '@/lib/kept'
import { keyOf, parse, toQuery, type SearchState } from '@/lib/search'
import { useSession } from './useInjected'

export const MOST_SEARCHES = MOST.searches
export const stateOf = ({ query }: SavedSearch): SearchState => parse(query)

/** The searches a shopper saved on this device, the newest first. */
export function useSavedSearches(now: () => Date = () => new Date()) {
  const { shopper } = useSession()
  const all = useLocalStorage<Record<string, SavedSearch[]>>(storedAs('searches'), {})
  const owner = computed(() => shopper.value?.shopper_id ?? '')
  const searches = computed(() => all.value[owner.value] ?? [])

  const isSame = (state: SearchState) => (search: SavedSearch) => keyOf(stateOf(search)) === keyOf(state)
  const has = (state: SearchState): boolean => searches.value.some(isSame(state))

  function set(next: readonly SavedSearch[]): void {
    all.value = { ...all.value, [owner.value]: next.slice(0, MOST_SEARCHES) }
  }

  function remove(state: SearchState): void {
    const is = isSame(state)
    set(searches.value.filter((search) => !is(search)))
  }

  function save(state: SearchState): void {
    const is = isSame(state)
    const search = { query: toQuery(state) as LocationQuery, seenAt: now().toISOString() }
    set([search, ...searches.value.filter((other) => !is(other))])
  }

  /** Its results are on screen: from now on only later ones are new. */
  function markSeen(state: SearchState): void {
    const is = isSame(state)
    const seenAt = now().toISOString()
    set(searches.value.map((search) => (is(search) ? { ...search, seenAt } : search)))
  }

  return { searches, has, save, remove, markSeen }
}
