import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import type { SearchListingsData } from '@/client'
import type { Say } from './phrases'
import { PAGE_SIZE } from './early'
import { readPlace } from './place'

export const CHOICES = [
  'make',
  'model',
  'body',
  'fuel',
  'transmission',
  'drivetrain',
  'color',
  'seller',
  'condition',
] as const
export const LIMITS = [
  'min_price',
  'max_price',
  'min_year',
  'max_year',
  'max_mileage_km',
  'min_power_kw',
] as const
export const SORTS = [
  'recommended',
  'newest',
  'price_asc',
  'price_desc',
  'mileage_asc',
  'year_desc',
  'distance',
] as const

export type Choice = (typeof CHOICES)[number]
export type Limit = (typeof LIMITS)[number]
export type Sort = (typeof SORTS)[number]
/** A range and its limits, as far as the service has both. `whole`: the upper limit names the last value, as a year does. */
export interface RangeFilter {
  name: 'price' | 'year' | 'mileage' | 'power'
  low?: Limit
  high?: Limit
  whole?: 1
}
export const RANGES = {
  price: { name: 'price', low: 'min_price', high: 'max_price' },
  year: { name: 'year', low: 'min_year', high: 'max_year', whole: 1 },
  mileage: { name: 'mileage', high: 'max_mileage_km' },
  power: { name: 'power', low: 'min_power_kw' },
} as const satisfies Record<string, RangeFilter>

/** What can be shown as a chip. */
export type Filter = Choice | Limit | 'radius_km' | 'near'

// What the service takes; it refuses a search with anything else.
export const BOUNDS: Record<Limit | 'radius_km', readonly [least: number, most: number]> = {
  min_price: [0, 1e10],
  max_price: [0, 1e10],
  min_year: [1885, 2200],
  max_year: [1885, 2200],
  max_mileage_km: [0, 10_000_000],
  min_power_kw: [0, 10_000],
  radius_km: [1, 21_000],
}

export const DEFAULT_SORT: Sort = 'recommended'

/** All of a search, as the address bar holds it; `near` is "LAT,LON", `currency` the prices', else the market's. */
export type SearchState = {
  q: string
  currency: string | undefined
  sort: Sort
  near: string | undefined
  radius_km: number | undefined
} & Record<Choice, string[]> &
  Record<Limit, number | undefined>

type ApiQuery = NonNullable<SearchListingsData['query']>

const list = (value: LocationQuery[string] | undefined): string[] =>
  [value].flat().filter((entry): entry is string => typeof entry === 'string' && entry !== '')

function limit(query: LocationQuery, name: keyof typeof BOUNDS): number | undefined {
  const [text = ''] = list(query[name])
  const [least, most] = BOUNDS[name]
  return /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined
}

const byName = <K extends string, V>(names: readonly K[], of: (name: K) => V): Record<K, V> =>
  Object.fromEntries(names.map((name) => [name, of(name)])) as Record<K, V>

/** Read a search from the address; what makes no sense there is left out. */
export function parse(query: LocationQuery): SearchState {
  const [sort] = list(query.sort)
  const [near] = list(query.near)
  const [currency = ''] = list(query.currency)
  const isPlace = near !== undefined && readPlace(near) !== undefined
  const known = SORTS.find((name) => name === sort) ?? DEFAULT_SORT
  return {
    q: list(query.q)[0] ?? '',
    currency: /^[A-Z]{3}$/.test(currency) ? currency : undefined,
    sort: known === 'distance' && !isPlace ? DEFAULT_SORT : known,
    near: isPlace ? near : undefined,
    radius_km: isPlace ? limit(query, 'radius_km') : undefined,
    ...byName(CHOICES, (name) => list(query[name])),
    ...byName(LIMITS, (name) => limit(query, name)),
  }
}

/** The shortest address of a search; empty parts, the default order and the currency of no price are left out. */
export function toQuery(state: SearchState): LocationQueryRaw {
  const { sort, currency, ...rest } = state
  const hasPrice = state.min_price !== undefined || state.max_price !== undefined
  const said = Object.entries({ ...rest, currency: hasPrice ? currency : undefined })
    .filter(([, value]) => value !== undefined && String(value) !== '')
    .map(([name, value]) => [name, Array.isArray(value) ? value : String(value)])
  return Object.fromEntries(sort === DEFAULT_SORT ? said : [...said, ['sort', sort]])
}

/** What makes two searches one: their order does not. */
export const keyOf = (state: SearchState): string => JSON.stringify(toQuery({ ...state, sort: DEFAULT_SORT }))

export function toApi(state: SearchState): ApiQuery {
  return { ...state, q: state.q || undefined, n: PAGE_SIZE }
}

/** What is wrong with the ranges, by field: of what the lower end is above the upper end. */
export function rangeProblems(state: SearchState): Partial<Record<Limit, 'price' | 'year'>> {
  const problems: Partial<Record<Limit, 'price' | 'year'>> = {}
  for (const [low, high, what] of [
    ['min_price', 'max_price', 'price'],
    ['min_year', 'max_year', 'year'],
  ] as const) {
    const least = state[low]
    const most = state[high]
    if (least !== undefined && most !== undefined && least > most) {
      problems[low] = what
    }
  }
  return problems
}

export interface ActiveFilter {
  key: string
  label: string
  without: SearchState
}

/** Each part of a search that narrows it, and the search without it. `show` writes a value as the shopper reads it. */
export function activeFilters(
  state: SearchState,
  show: (name: Filter, value: string | number) => string,
  t: Say,
): ActiveFilter[] {
  const text: ActiveFilter[] = state.q
    ? [{ key: 'q', label: `“${state.q}”`, without: { ...state, q: '' } }]
    : []
  const choices = CHOICES.flatMap((name) =>
    state[name].map((value) => ({
      key: `${name}:${value}`,
      label: show(name, value),
      without: { ...state, [name]: state[name].filter((other) => other !== value) },
    })),
  )
  // A radius says more than the place it is around; each goes with the other.
  const place: Filter = state.radius_km === undefined ? 'near' : 'radius_km'
  const limits = [...LIMITS, place].flatMap((name) => {
    const value = state[name]
    if (value === undefined) return []
    const label = t(`search.limit.${name}`, { value: show(name, value) })
    return [{ key: name, label, without: name === place ? nowhere(state) : { ...state, [name]: undefined } }]
  })
  return [...text, ...choices, ...limits]
}

/** The same search from no place. */
export function nowhere(state: SearchState): SearchState {
  const sort = state.sort === 'distance' ? DEFAULT_SORT : state.sort
  return { ...state, near: undefined, radius_km: undefined, sort }
}

/** The same search with no filter and no words. */
export function cleared(state: SearchState): SearchState {
  return { ...parse({}), sort: nowhere(state).sort }
}
