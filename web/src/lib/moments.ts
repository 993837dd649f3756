import type { Moment } from '@/client'
import { showFilter } from './facets'
import type { Format } from './format'
import type { Say } from './phrases'
import { activeFilters, parse } from './search'

/** What was done and with what. */
export function momentParts({ type, facts }: Moment, t: Say, format: Format): { did: string; what: string } {
  if (type === 'state') return { did: facts.reset ? 'reset' : 'state', what: '' }
  if (type === 'merge') return { did: type, what: '' }
  if (type === 'search') return { did: type, what: searchText(facts, t, format) }
  return { did: type, what: typeof facts.name === 'string' ? facts.name : t('taste.timeline.gone') }
}

/** A search as the chips above its results say it; a site may have filters of its own, which have no words here. */
function searchText({ filters, query, currency }: Moment['facts'], t: Say, format: Format): string {
  const said = Object.entries({ ...(filters as object | undefined), q: query, currency })
  const state = parse(Object.fromEntries(said.map(([name, value]) => [name, [value].flat().map(texts)])))
  const chips = activeFilters(
    state,
    (name, value) => showFilter(name, value, {}, state.currency ?? 'EUR', format),
    t,
  )
  return chips.map(({ label }) => label).join(', ') || t('taste.timeline.everything')
}

const texts = (value: unknown): string | null => (value == null ? null : String(value))

const LOOKING = ['click', 'view', 'dwell']

/** Choosing a car, opening it and staying there are one visit: the latest of them stands for it. */
export function oncePerVisit(timeline: readonly Moment[]): Moment[] {
  return timeline.filter(({ type, listing_id: id }, i) => {
    const newer = timeline[i - 1]
    return !(newer && id && newer.listing_id === id && LOOKING.includes(type) && LOOKING.includes(newer.type))
  })
}
