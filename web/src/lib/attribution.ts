import type { HistoryState, RouteLocationRaw } from 'vue-router'
import type { Attribution } from '@/lib/listing'

/** Where a listing's page is, carrying along which slate led there. */
export function listingRoute(listingId: string, attribution: Attribution = {}): RouteLocationRaw {
  return {
    name: 'listing',
    params: { id: listingId },
    state: { attribution: { ...attribution } as HistoryState },
  }
}

/** The slate that led to this page, if one did. */
export function arrivedFrom(): Attribution {
  const state: unknown = history.state
  return typeof state === 'object' && state !== null && 'attribution' in state
    ? (state.attribution as Attribution)
    : {}
}
