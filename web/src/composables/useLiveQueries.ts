import { useQueryClient, type QueryKey } from '@tanstack/vue-query'
import { onScopeDispose } from 'vue'
import { myTasteQueryKey, recommendQueryKey, recommendRowsQueryKey } from '@/client/@tanstack/vue-query.gen'
import { idOf } from '@/lib/api'
import { useLive } from './useLive'

export const BESIDE_A_CAR = 'detail'

/** Changes that come together cause one refetch. */
const TOGETHER_MS = 60

/** Keep what is on screen, and the slate a shopper will come back to, in step with the service. */
export function useLiveQueries(): void {
  const queries = useQueryClient()
  const gone = new Set<string>()
  const personal: string[] = [recommendQueryKey, recommendRowsQueryKey, myTasteQueryKey].map(
    (key) => key()[0]._id,
  )
  const refetchTaste = () =>
    queries.invalidateQueries({
      predicate: ({ queryKey }) => personal.includes(idOf(queryKey)) && !isBesideACar(queryKey),
      refetchType: 'all', // also the slate nobody looks at now: coming back shows it at once
    })
  const refetchGone = soon(() => {
    void queries.invalidateQueries({ predicate: (query) => mentions(query.state.data, gone) })
    gone.clear()
  })

  useLive({
    taste: soon(refetchTaste),
    back: refetchTaste,
    listing(listingId) {
      gone.add(listingId)
      refetchGone()
    },
  })
}

/** What stands beside a car was chosen when its page was opened: that view itself must not move it. */
function isBesideACar([asked]: QueryKey): boolean {
  return (asked as { query?: { placement?: string } }).query?.placement === BESIDE_A_CAR
}

function soon(work: () => unknown): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(timer))
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      work()
    }, TOGETHER_MS)
  }
}

/** Whether an answer (a listing, a list of them, or pages of lists) holds one of these listings. */
export function mentions(data: unknown, listingIds: ReadonlySet<string>): boolean {
  if (typeof data !== 'object' || data === null) return false
  if ('listing_id' in data) return listingIds.has(String(data.listing_id))
  const inside =
    'listings' in data ? data.listings : 'pages' in data ? data.pages : 'rows' in data ? data.rows : []
  return Array.isArray(inside) && inside.some((entry) => mentions(entry, listingIds))
}
