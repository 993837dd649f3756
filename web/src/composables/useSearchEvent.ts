import { watch, type Ref } from 'vue'
import type { SearchResult } from '@/client'
import { CHOICES, keyOf, LIMITS, type SearchState } from '@/lib/search'
import { useEvents } from './useInjected'

/** A search that is still there after this long was meant. */
const SETTLED_MS = 1_500

/** Tell the service what was searched for, once per search, with the number of results and the currency of its prices. */
export function useSearchEvent(
  state: Ref<SearchState>,
  answer: Ref<Pick<SearchResult, 'total' | 'currency'> | undefined>,
): void {
  const events = useEvents()
  let told = ''

  watch(
    [state, () => answer.value?.total, () => answer.value?.currency],
    ([, results, currency], _, onCleanup) => {
      const { q, sort } = state.value
      const filters = Object.fromEntries(
        [...CHOICES, ...LIMITS]
          .map((name) => [name, state.value[name]] as const)
          .filter(([, value]) => value !== undefined && String(value) !== ''),
      )
      const key = keyOf(state.value)
      if (results === undefined || key === told || key === '{}') return
      const timer = setTimeout(() => {
        told = key
        events.track({
          type: 'search',
          placement: 'search',
          currency,
          context: { page: 'search', query: q || undefined, filters, sort, results },
        })
      }, SETTLED_MS)
      onCleanup(() => clearTimeout(timer))
    },
    { immediate: true },
  )
}
