import type { RecommendedListing } from '../src/client'

/** Whether an address of a feed is one of the web, and no script or data. */
export const isWeb = (address: string) => /^https?:/.test(address)

/** The address of a listing's page: the template with its fields in, else the listing's own address. */
export function linkTo(listing: RecommendedListing, template: string | null): string | undefined {
  if (template)
    return template.replace(/\{(\w+)\}/g, (_, field: string) =>
      encodeURIComponent(String((listing as Record<string, unknown>)[field] ?? '')),
    )
  return listing.url && isWeb(listing.url) ? listing.url : undefined
}

export function nameOf({ make, model }: RecommendedListing): string {
  return model.toLowerCase().startsWith(`${make.toLowerCase()} `) ? model : `${make} ${model}`
}
