import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { cleared, parse, toQuery, type SearchState } from '@/lib/search'

/** The search the address bar holds. Every change is an entry of the browser's history, so back undoes it. */
export function useSearchState() {
  const route = useRoute()
  const router = useRouter()
  const state = computed(() => parse(route.query))

  async function replace(next: SearchState): Promise<void> {
    await router.push({ name: 'search', query: toQuery(next) })
  }

  return {
    state,
    replace,
    update: (patch: Partial<SearchState>) => replace({ ...state.value, ...patch }),
    clear: () => replace(cleared(state.value)),
  }
}
