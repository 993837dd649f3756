import {
  changeMyTaste,
  resetMyTaste,
  type InterestOut,
  type PreferenceBody,
  type Statement,
  type StatedBody,
  type TasteBody,
  type TasteOut,
} from '@/client'
import type { SendOptions } from './events'

export type Preference = PreferenceBody
export type Level = Preference['level']
export const LEVELS: readonly Level[] = ['more', 'less', 'never', 'only']

/** What was said of a thing nobody has looked at has no lift: there is nothing to estimate it from. */
export type Belief = Omit<Statement, 'lift' | 'low' | 'high'> &
  Partial<Pick<Statement, 'lift' | 'low' | 'high'>>
export type Interest = InterestOut
export type Budget = NonNullable<StatedBody['budget']>
/** What to change: a field that is there replaces what was stated; what is forgotten or dropped goes once. */
export type TasteChange = TasteBody
export type Profile = Omit<TasteOut, 'statements'> & { statements: Belief[] }

export async function putTaste(
  change: TasteChange,
  { keepalive = false }: Partial<SendOptions> = {},
): Promise<TasteOut> {
  const { data } = await changeMyTaste({ body: change, keepalive, throwOnError: true })
  return data
}

export async function postReset(): Promise<TasteOut> {
  const { data } = await resetMyTaste({ throwOnError: true })
  return data
}

export type Trait = Pick<Belief, 'block' | 'value'>

export const isSame = (a: Partial<Trait>, b: Partial<Trait>) => a.block === b.block && a.value === b.value

/** The preferences with one of them set to a level, or without it. */
export function withLevel(
  preferences: readonly Preference[],
  about: Pick<Preference, 'block' | 'value'>,
  level: Level | null,
): Preference[] {
  const others = preferences.filter((one) => !isSame(one, about))
  return level ? [...others, { block: about.block, value: about.value, level }] : others
}

/** The profile as it will be after a change, as far as a browser can know; what was said is among the statements. */
export function changed(profile: Profile, change: TasteChange): Profile {
  const { forget = [], drop_interests: dropped = [], ...said } = change
  const stated = { ...profile.stated, ...said }
  const preferences = stated.preferences ?? []
  const kept = profile.statements.filter(
    ({ block, value }) => !forget.some((one) => isSame(one, { block, value })),
  )
  const added = preferences
    .filter((one) => !kept.some((belief) => isSame(belief, one)))
    .map(({ block, value }): Belief => ({ block, value, text: value, weight: 0 }))
  return {
    ...profile,
    personalised: said.personalised ?? profile.personalised,
    stated,
    interests: together(profile.interests, said.together ?? []).filter(
      ({ interest_id: id }) => !dropped.includes(id),
    ),
    statements: [...kept, ...added].map((belief) => ({
      ...belief,
      stated: preferences.find((one) => isSame(one, belief))?.level ?? null,
    })),
  }
}

/** The interests with each pair in one; the first of a pair keeps its name. */
function together(interests: readonly Interest[], pairs: readonly (readonly [string, string])[]): Interest[] {
  return pairs.reduce<Interest[]>(
    (all, [first, second]) => {
      const other = all.find(({ interest_id: id }) => id === second)
      if (!other || !all.some(({ interest_id: id }) => id === first)) return all
      return all
        .filter((one) => one !== other)
        .map((one) => (one.interest_id === first ? { ...one, share: one.share + other.share } : one))
    },
    [...interests],
  )
}

/** Two changes as one, the second made of what the first leaves. */
export function both(first: TasteChange, second: TasteChange): TasteChange {
  const forget = [...(first.forget ?? []), ...(second.forget ?? [])]
  const dropped = [...(first.drop_interests ?? []), ...(second.drop_interests ?? [])]
  return {
    ...first,
    ...second,
    ...(forget.length > 0 && { forget }),
    ...(dropped.length > 0 && { drop_interests: dropped }),
  }
}

/** What has to be stated to be where the profile is now again, of what is stated as a whole. */
export function backTo({ stated, personalised }: Profile, change: TasteChange): TasteChange {
  return {
    ...('budget' in change && { budget: stated.budget ?? null }),
    ...('home' in change && { home: stated.home ?? null }),
    ...('personalised' in change && { personalised }),
  }
}
