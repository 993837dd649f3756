import type { Statement } from '@/client'
import { words } from './format'

export interface Belief {
  text: string
  weight: number
  /** Length of its bar, 0 to 1, within its group. */
  share: number
}
export interface BeliefGroup {
  block: string
  title: string
  beliefs: Belief[]
}

const TITLES: Record<string, string> = {
  make: 'Makes',
  model: 'Models',
  body: 'Bodies',
  fuel: 'Fuels',
  color: 'Colours',
  price: 'Price',
  year: 'Year',
  mileage: 'Mileage',
  power: 'Power',
  seller: 'Sellers',
}
const MOST_PER_BLOCK = 6

/** Statements by block, in the order their strongest ones come; the weakest of a block are left out. */
export function groupBeliefs(statements: readonly Statement[]): BeliefGroup[] {
  return [...Map.groupBy(statements, ({ block }) => block)].map(([block, all]) => {
    const strongest = all.toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight)).slice(0, MOST_PER_BLOCK)
    const most = Math.max(...strongest.map(({ weight }) => Math.abs(weight)), Number.EPSILON)
    return {
      block,
      title: TITLES[block] ?? words(block),
      beliefs: strongest.map(({ text, weight }) => ({ text, weight, share: Math.abs(weight) / most })),
    }
  })
}
