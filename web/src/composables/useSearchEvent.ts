import { watch, type Ref } from 'vue'
import { CHOICES, LIMITS, toQuery, type SearchState } from '@/lib/search'
import { useEvents } from './useInjected'

/** A search that is still there after this long was meant. */
const SETTLED_MS = 1_500

/** Tell the service what was searched for, once per search, with the number of results. */
export function useSearchEvent(state: Ref<SearchState>, total: Ref<number | undefined>): void {
  const events = useEvents()
  let told = ''

  watch(
    [state, total],
    (_, __, onCleanup) => {
      const { q, sort } = state.value
      const filters = Object.fromEntries(
        [...CHOICES, ...LIMITS]
          .map((name) => [name, state.value[name]] as const)
          .filter(([, value]) => value !== undefined && String(value) !== ''),
      )
      const key = JSON.stringify(toQuery({ ...state.value, sort: 'recommended' }))
      if (total.value === undefined || key === told || key === '{}') return
      const timer = setTimeout(() => {
        told = key
        events.track({
          type: 'search',
          placement: 'search',
          context: { page: 'search', query: q || undefined, filters, sort, results: total.value },
        })
      }, SETTLED_MS)
      onCleanup(() => clearTimeout(timer))
    },
    { immediate: true },
  )
}
