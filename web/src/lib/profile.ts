import {
  changeMyTaste,
  resetMyTaste,
  type BudgetBody,
  type HomeBody,
  type InterestOut,
  type Moment,
  type PreferenceBody,
  type StatedBody,
  type Statement,
  type TasteBody,
  type TasteOut,
} from '@/client'

export type Preference = PreferenceBody
export type Level = Preference['level']
export const LEVELS: readonly Level[] = ['more', 'less', 'never', 'only']

type Estimate = 'lift' | 'low' | 'high'
/** One thing the site believes; what was only stated has no estimate yet. */
export type Belief = Omit<Statement, Estimate> & Partial<Pick<Statement, Estimate>>
export type Budget = BudgetBody
export type Home = HomeBody
export type Stated = StatedBody
/** What to change: a field that is there replaces what was stated; `forget` removes what was learned, once. */
export type TasteChange = TasteBody
export type Interest = InterestOut
export type TimelineEntry = Moment
export interface Profile extends Omit<TasteOut, 'statements'> {
  statements: Belief[]
}

export async function putTaste(change: TasteChange): Promise<Profile> {
  const { data } = await changeMyTaste({ body: change, throwOnError: true })
  return data
}

export async function postReset(): Promise<Profile> {
  const { data } = await resetMyTaste({ throwOnError: true })
  return data
}

const isSame = (a: { block: string; value?: string }, b: { block: string; value?: string }) =>
  a.block === b.block && a.value === b.value

/** The preferences with one of them set to a level, or without it. */
export function withLevel(
  preferences: readonly Preference[],
  about: Pick<Preference, 'block' | 'value'>,
  level: Level | null,
): Preference[] {
  const others = preferences.filter((one) => !isSame(one, about))
  return level ? [...others, { block: about.block, value: about.value, level }] : others
}

/** The profile as it will be after a change, as far as a browser can know. */
export function changed(profile: Profile, change: TasteChange): Profile {
  const { personalised, forget = [], ...stated } = change
  const preferences = stated.preferences ?? profile.stated?.preferences ?? []
  const kept = profile.statements.filter((belief) => !forget.some((one) => isSame(one, belief)))
  const added = preferences
    .filter((one) => !kept.some((belief) => isSame(belief, one)))
    .map(({ block, value }): Belief => ({ block, value, text: value, weight: 0 }))
  return {
    ...profile,
    personalised: personalised ?? profile.personalised,
    stated: { ...profile.stated, ...stated },
    statements: [...kept, ...added].map((belief) => ({
      ...belief,
      stated: preferences.find((one) => isSame(one, belief))?.level ?? null,
    })),
  }
}

/** What has to be stated to be where the profile is now again. */
export function backTo(profile: Profile, change: TasteChange): TasteChange {
  const stated: Stated = profile.stated ?? {}
  return {
    ...('preferences' in change && { preferences: stated.preferences ?? [] }),
    ...('budget' in change && { budget: stated.budget ?? null }),
    ...('home' in change && { home: stated.home ?? null }),
    ...('personalised' in change && { personalised: profile.personalised ?? true }),
  }
}
