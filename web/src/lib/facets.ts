import type { FacetValue } from '@/client'
import type { Format } from './format'
import { readPlace } from './place'
import { CHOICES, type Choice, type Filter } from './search'

export type Facets = Record<string, FacetValue[]>

const isChoice = (name: Filter): name is Choice => (CHOICES as readonly string[]).includes(name)

/** A filter's value as the shopper reads it. */
export function showFilter(
  name: Filter,
  value: string | number,
  facets: Facets,
  currency: string,
  { degrees, kilometres, money, quantity, words }: Format,
): string {
  if (isChoice(name)) {
    // A label of the service is English, so only names are taken from it.
    if (name !== 'make' && name !== 'model') return words(String(value))
    return facets[name]?.find((facet) => facet.value === value)?.label ?? String(value)
  }
  if (name.endsWith('price')) return money(value, currency)
  if (name === 'near') return degrees(readPlace(String(value)))
  if (name.endsWith('kw')) return quantity(Number(value), 'kW')
  return name.endsWith('km') ? kilometres(Number(value)) : String(value)
}

/** The values to offer: what was counted, and what is chosen though nothing matches it now. */
export function offered(
  facet: readonly FacetValue[] | undefined,
  chosen: readonly string[],
  { words }: Format,
): FacetValue[] {
  const counted = facet ?? []
  const missing = chosen.filter((value) => !counted.some((entry) => entry.value === value))
  return [...missing.map((value) => ({ value, label: words(value), count: 0 })), ...counted]
}
