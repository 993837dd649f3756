import type { LocationQuery } from 'vue-router'
import { STORED_EVENTS, type Kept } from './events'
import { keyOf, parse } from './search'

/** The lists a shopper has on this device, and how long each may be. */
export const MOST = { favourites: 200, compare: 4, recent: 24, searches: 20 } as const
export type ListName = keyof typeof MOST

/** A search as its address says it, and when its results were last looked at (RFC 3339). */
export interface SavedSearch {
  query: LocationQuery
  seenAt: string
}

type Lists = Record<string, unknown[]>

export const storedAs = (name: string): string => `carousel.${name}`

/** The visitor is another shopper now: their lists are put behind those the other has already, each entry once. */
export function moveLists(storage: Storage, from: string, to: string): void {
  for (const name of Object.keys(MOST) as ListName[]) {
    const { [from]: moved = [], ...others } = read(storage.getItem(storedAs(name))) as Lists
    if (moved.length === 0) continue
    const own = others[to] ?? []
    const known = new Set(own.map((entry) => idOf(name, entry)))
    const all = [...own, ...moved.filter((entry) => !known.has(idOf(name, entry)))]
    store(storage, storedAs(name), JSON.stringify({ ...others, [to]: all.slice(0, MOST[name]) }))
  }
}

/** What the visitor did and the service has not heard yet was done by the other. */
export function moveEvents(storage: Storage, from: string, to: string): void {
  const { owner, events } = read(storage.getItem(STORED_EVENTS)) as Partial<Kept>
  if (owner === from) storage.setItem(STORED_EVENTS, JSON.stringify({ owner: to, events }))
}

/** Write something down, or remove it; what has it in memory would otherwise write down again what it was. */
export function store(storage: Storage, key: string, newValue: string | null): void {
  if (newValue === null) storage.removeItem(key)
  else storage.setItem(key, newValue)
  globalThis.dispatchEvent?.(new StorageEvent('storage', { key, newValue, storageArea: storage }))
}

const idOf = (name: ListName, entry: unknown): unknown =>
  name === 'searches' ? keyOf(parse((entry as SavedSearch).query)) : entry

/** What somebody else wrote there counts as nothing. */
function read(stored: string | null): object {
  try {
    const value: unknown = JSON.parse(stored ?? '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
