import type { QueryState } from '@tanstack/vue-query'
import { recommendRowsOptions } from '@/client/@tanstack/vue-query.gen'
import { HOME_SIZE } from './early'

export const PLACEMENT = 'home'
const JUST_NOW_MS = 2_000

export const homeRows = () => recommendRowsOptions({ query: { placement: PLACEMENT, n: HOME_SIZE } })

/** Whether it came while the page was being built: the shopper has done nothing since. */
export function isFirstAnswer({
  dataUpdateCount,
  dataUpdatedAt,
  isInvalidated,
}: QueryState<unknown, unknown>): boolean {
  return dataUpdateCount === 1 && !isInvalidated && Date.now() - dataUpdatedAt < JUST_NOW_MS
}
