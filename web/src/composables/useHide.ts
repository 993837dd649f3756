import { hashKey, useQueryClient, type QueryKey } from '@tanstack/vue-query'
import { useToast } from '@nuxt/ui/composables'
import { useI18n } from 'vue-i18n'
import { nameOf, type Attribution, type Listing } from '@/lib/listing'
import { MOST } from '@/lib/kept'
import { useEvents, useSession } from './useInjected'
import { shopperList } from './useShopperList'

const REASONS = ['price', 'mileage', 'brand', 'seen', 'other'] as const
type Reason = (typeof REASONS)[number]

interface Hiding {
  /** Shows a shorter list at once, where the page has one. */
  onHidden?: () => void
  attribution?: Attribution
}

/** A list that lost the listing: what it was, and what it is without it. */
interface Shortened {
  key: QueryKey
  whole: unknown
  rest: unknown
}

/** Where the listing was, to put it back. */
interface Places {
  answers: readonly Shortened[]
  kept: readonly (() => void)[]
}

const KEPT = ['favourites', 'compare', 'recent'] as const

/** "Not interested", with undo. The listing leaves every list at once, also those of this device; the service follows. */
export function useHide() {
  const events = useEvents()
  const queries = useQueryClient()
  const toast = useToast()
  const session = useSession()
  const { t } = useI18n()

  /** Back in its place; only a list that has changed meanwhile is asked for again. */
  async function unhide(listing: Listing, places: Places): Promise<void> {
    for (const putBack of places.kept) putBack()
    const back = places.answers.filter(({ key, rest }) => queries.getQueryData(key) === rest)
    for (const { key, whole } of back) queries.setQueryData(key, whole)
    await events.trackNow({ type: 'unhide', listing_id: listing.listing_id })
    const asBefore = new Set(back.map(({ key }) => hashKey(key)))
    await queries.invalidateQueries({ predicate: ({ queryHash }) => !asBefore.has(queryHash) })
  }

  function shorten(listingId: string): Shortened[] {
    const known = queries.getQueriesData({ predicate: ({ state }) => state.data !== undefined })
    return known.flatMap(([key, whole]) => {
      const shorter = without(whole, listingId)
      return shorter === whole ? [] : [{ key, whole, rest: queries.setQueryData(key, shorter) }]
    })
  }

  /** Only what was blamed counts against: the hide is taken back and said again with its reason. */
  async function because(listing: Listing, reason: Reason, places: Places): Promise<void> {
    events.track({ type: 'unhide', listing_id: listing.listing_id })
    await events.trackNow({ type: 'hide', listing_id: listing.listing_id, reason })
    toast.add({
      title: t('card.noted', { reason: t(`card.reasons.${reason}`) }),
      description: nameOf(listing),
      icon: 'i-lucide-check',
      actions: [undo(listing, places)],
    })
  }

  const undo = (listing: Listing, places: Places) => ({
    label: t('card.undo'),
    color: 'neutral' as const,
    variant: 'outline' as const,
    onClick: () => void unhide(listing, places),
  })

  function hide(listing: Listing, { onHidden, attribution = {} }: Hiding = {}): void {
    void events.trackNow({ ...attribution, type: 'hide', listing_id: listing.listing_id })
    const places = {
      answers: shorten(listing.listing_id),
      kept: KEPT.map((name) => shopperList(session, name, MOST[name]).take(listing.listing_id)),
    }
    onHidden?.()
    toast.add({
      title: t('card.hidden'),
      description: nameOf(listing),
      icon: 'i-lucide-eye-off',
      ui: { actions: 'flex-wrap' },
      actions: [
        undo(listing, places),
        ...REASONS.map((reason) => ({
          label: t(`card.reasons.${reason}`),
          color: 'neutral' as const,
          variant: 'soft' as const,
          onClick: () => void because(listing, reason, places),
        })),
      ],
    })
  }

  return { hide }
}

/** An answer without one listing; an answer that does not list it stays the same object. */
export function without(data: unknown, listingId: string): unknown {
  if (typeof data !== 'object' || data === null) return data
  const answer = data as Record<string, unknown>
  for (const name of ['pages', 'rows']) {
    const parts = answer[name]
    if (!Array.isArray(parts)) continue
    const shorter = parts.map((part: unknown) => without(part, listingId))
    return shorter.every((part, index) => part === parts[index]) ? data : { ...answer, [name]: shorter }
  }
  if (!Array.isArray(answer.listings)) return data
  const kept = (answer.listings as Listing[]).filter((listing) => listing.listing_id !== listingId)
  return kept.length === answer.listings.length ? data : { ...answer, listings: kept }
}
