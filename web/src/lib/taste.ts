import type { Format } from './format'
import type { Belief } from './profile'

/** The blocks whose values are names or codes, in the order the page shows them. */
export const MAIN_BLOCKS = ['body', 'make', 'fuel'] as const
const NEXT_BLOCKS = ['transmission', 'model']
export const NUMERIC_BLOCKS: readonly string[] = ['price', 'year', 'mileage', 'power']

const MOST_TIMES = 20
// A range this narrow, in log-odds, comes from a handful of consistent actions.
const NARROW = 1.5

export type Certainty = 'sure' | 'likely' | 'guess'

/** How often a shopper chooses a thing, compared with how often it is offered: 1 is no preference. */
export function times(logOdds: number): number {
  return Math.min(Math.exp(logOdds), MOST_TIMES)
}

/** How much to believe: sure when all that is likely lies on one side of "no preference" and close together. */
export function certaintyOf({ low, high }: Belief): Certainty | undefined {
  if (low === undefined || high === undefined) return undefined
  const isOneSided = low > 0 || high < 0
  if (isOneSided) return high - low <= NARROW ? 'sure' : 'likely'
  return 'guess'
}

const strength = ({ lift, weight, stated }: Belief) => (stated ? 100 : 0) + Math.abs(lift ?? weight)

/** The beliefs about one block: what the shopper said first, then the strongest. */
export function beliefsAbout(block: string, statements: readonly Belief[]): Belief[] {
  return statements.filter((one) => one.block === block).toSorted((a, b) => strength(b) - strength(a))
}

/** The blocks there is something to say about, main ones first; numbers have charts of their own. */
export function blocksOf(statements: readonly Belief[]): string[] {
  const found = new Set(
    statements.map(({ block }) => block).filter((block) => !NUMERIC_BLOCKS.includes(block)),
  )
  const next = NEXT_BLOCKS.filter((block) => found.has(block))
  return [...new Set<string>([...MAIN_BLOCKS, ...next, ...found])]
}

/** A belief's value as the shopper reads it. */
export function valueText({ block, value }: Pick<Belief, 'block' | 'value'>, format: Format): string {
  if (block === 'make' || block === 'model' || block === 'region') return value
  const number = Number(value)
  if (block === 'price') return format.money(Math.round(number), 'EUR')
  if (block === 'mileage') return format.kilometres(number)
  if (block === 'power') return format.power(number)
  return block === 'year' ? String(Math.round(number)) : format.words(value)
}

/** What a shopper likes of a block: what they said or what is sure of it, else the best guess. */
export function likedOf(block: string, statements: readonly Belief[], most: number): Belief[] {
  const liked = beliefsAbout(block, statements).filter(({ stated, lift = 0, weight }) =>
    stated ? stated === 'more' || stated === 'only' : weight > 0 && lift > 0,
  )
  const known = liked.filter(({ stated, low = 0 }) => stated || low > 0)
  return known.length > 0 ? known.slice(0, most) : liked.slice(0, 1)
}

/** The weighted middle half of a numeric block's evidence: where most of what was looked at lies. */
export function middleHalf(statements: readonly Belief[], block: string): [number, number] | undefined {
  const points = pointsOf(statements, block)
  const total = points.reduce((sum, { weight }) => sum + weight, 0)
  if (total === 0) return undefined
  const at = (share: number) => {
    let sum = 0
    for (const { value, weight } of points) if ((sum += weight) >= share * total) return value
    return points.at(-1)?.value ?? 0
  }
  return [at(0.25), at(0.75)]
}

export interface Point {
  value: number
  weight: number
}

/** The evidence of a numeric block by value, in order; evidence against is left out. */
export function pointsOf(statements: readonly Belief[], block: string): Point[] {
  return statements
    .filter((one) => one.block === block && one.weight > 0)
    .map(({ value, weight }) => ({ value: Number(value), weight }))
    .sort((a, b) => a.value - b.value)
}
