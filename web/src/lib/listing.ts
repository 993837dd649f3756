import type { Listing, RecommendedListing } from '@/client'
import { shortMonth, type Format } from './format'

export type { Listing, RecommendedListing }

/** What an event says about the list its listing was found in. */
export interface Attribution {
  recommendation_id?: string
  placement?: string
  position?: number
}

/** "Škoda Octavia": models of some catalogues carry the make already. */
export function nameOf(listing: Pick<Listing, 'make' | 'model'>): string {
  const { make, model } = listing
  return model.toLowerCase().startsWith(`${make.toLowerCase()} `) ? model : `${make} ${model}`
}

export function placeOf(listing: Listing, { country }: Format): string {
  const nation = listing.country ? country(listing.country) : undefined
  return [listing.city ?? listing.region, nation].filter(Boolean).join(', ')
}

/**
 * The addresses of its pictures, as a feed said them but for two things: only the web's own are used, and those of
 * unencrypted hosts are asked for encrypted, as our policy lets in nothing else (docs/operations.md).
 */
export function picturesOf({ images }: Pick<Listing, 'images'>): string[] {
  const addresses = (images ?? []).filter((address) => /^https?:\/\//i.test(address))
  return [...new Set(addresses.map((address) => address.replace(/^http:/i, 'https:')))]
}

/** The facts every list shows, in the order shoppers ask for them. */
export function factsOf(listing: Listing, { kilometres, power, words }: Format): string[] {
  const { first_registration: registered, model_year: year, mileage_km: mileage, power_kw: kw } = listing
  return [
    registered ? shortMonth(registered) : year?.toString(),
    mileage != null ? kilometres(mileage) : undefined,
    listing.fuel_type ? words(listing.fuel_type) : undefined,
    listing.transmission ? words(listing.transmission) : undefined,
    kw != null ? power(kw) : undefined,
  ].filter((fact): fact is string => fact !== undefined)
}
