import { useQueryClient } from '@tanstack/vue-query'
import { useToast } from '@nuxt/ui/composables'
import { useI18n } from 'vue-i18n'
import { nameOf, type Attribution, type Listing } from '@/lib/listing'
import { useEvents } from './useInjected'

const REASONS = ['price', 'mileage', 'brand', 'seen', 'other'] as const
type Reason = (typeof REASONS)[number]

interface Hiding {
  /** Shows a shorter list at once, where the page has one. */
  onHidden?: () => void
  attribution?: Attribution
}

/** "Not interested", with undo. The listing leaves every list at once; the service follows. */
export function useHide() {
  const events = useEvents()
  const queries = useQueryClient()
  const toast = useToast()
  const { t } = useI18n()

  async function unhide(listing: Listing): Promise<void> {
    await events.trackNow({ type: 'unhide', listing_id: listing.listing_id })
    await queries.invalidateQueries()
  }

  /** Only what was blamed counts against: the hide is taken back and said again with its reason. */
  async function because(listing: Listing, reason: Reason): Promise<void> {
    events.track({ type: 'unhide', listing_id: listing.listing_id })
    await events.trackNow({ type: 'hide', listing_id: listing.listing_id, reason })
    toast.add({
      title: t('card.noted', { reason: t(`card.reasons.${reason}`) }),
      description: nameOf(listing),
      icon: 'i-lucide-check',
      actions: [undo(listing)],
    })
  }

  const undo = (listing: Listing) => ({
    label: t('card.undo'),
    color: 'neutral' as const,
    variant: 'outline' as const,
    onClick: () => void unhide(listing),
  })

  function hide(listing: Listing, { onHidden, attribution = {} }: Hiding = {}): void {
    void events.trackNow({ ...attribution, type: 'hide', listing_id: listing.listing_id })
    queries.setQueriesData({ predicate: ({ state }) => state.data !== undefined }, (data: unknown) =>
      without(data, listing.listing_id),
    )
    onHidden?.()
    toast.add({
      title: t('card.hidden'),
      description: nameOf(listing),
      icon: 'i-lucide-eye-off',
      ui: { actions: 'flex-wrap' },
      actions: [
        undo(listing),
        ...REASONS.map((reason) => ({
          label: t(`card.reasons.${reason}`),
          color: 'neutral' as const,
          variant: 'soft' as const,
          onClick: () => void because(listing, reason),
        })),
      ],
    })
  }

  return { hide, unhide }
}

/** An answer without one listing; an answer that does not list it stays the same object. */
export function without(data: unknown, listingId: string): unknown {
  if (typeof data !== 'object' || data === null) return data
  if ('pages' in data && Array.isArray(data.pages)) {
    return { ...data, pages: data.pages.map((page) => without(page, listingId)) }
  }
  if ('rows' in data && Array.isArray(data.rows)) {
    const rows = data.rows.map((row) => without(row, listingId))
    return rows.every((row, index) => row === (data.rows as unknown[])[index]) ? data : { ...data, rows }
  }
  if (!('listings' in data) || !Array.isArray(data.listings)) return data
  const kept = (data.listings as Listing[]).filter((listing) => listing.listing_id !== listingId)
  return kept.length === data.listings.length ? data : { ...data, listings: kept }
}
