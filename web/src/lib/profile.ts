import type { Statement, TasteOut } from '@/client'
import { client } from '@/client/client.gen'

export type Level = 'only' | 'more' | 'less' | 'never'
export const LEVELS: readonly Level[] = ['more', 'less', 'never', 'only']

/** One thing the site believes; `lift` is log-odds against the stock, `low` to `high` where it very likely lies. */
export interface Belief extends Statement {
  lift?: number
  low?: number
  high?: number
  stated?: Level | null
}
export interface Preference {
  block: string
  value: string
  level: Level
}
export interface Budget {
  min?: number | null
  max?: number | null
  currency: string
}
export interface Home {
  lat: number
  lon: number
}
/** What a shopper said themselves. */
export interface Stated {
  preferences?: Preference[]
  budget?: Budget | null
  home?: Home | null
  questionnaire?: object | null
}
/** What to change: a field that is there replaces what was stated; `forget` removes what was learned, once. */
export interface TasteChange extends Stated {
  personalised?: boolean
  forget?: Pick<Preference, 'block' | 'value'>[]
}
export interface Interest {
  interest_id: string
  name: string
  facts: Record<string, string | number>
  share: number
}
export interface TimelineEntry {
  at: string
  type: string
  listing_id?: string | null
  text: string
}
export interface Profile extends Omit<TasteOut, 'statements'> {
  statements: Belief[]
  personalised?: boolean
  phase?: 'orientation' | 'decision'
  stated?: Stated
  interests?: Interest[]
  timeline?: TimelineEntry[]
}

const SECURED = { security: [{ scheme: 'bearer', type: 'http' }], throwOnError: true } as const

export async function putTaste(change: TasteChange): Promise<Profile> {
  const { data } = await client.put<{ 200: Profile }, unknown, true>({
    url: '/v1/me/taste',
    body: change,
    headers: { 'Content-Type': 'application/json' },
    ...SECURED,
  })
  return data
}

export async function postReset(): Promise<Profile> {
  const { data } = await client.post<{ 200: Profile }, unknown, true>({
    url: '/v1/me/taste/reset',
    ...SECURED,
  })
  return data
}

const isSame = (a: Pick<Preference, 'block' | 'value'>, b: Pick<Preference, 'block' | 'value'>) =>
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
