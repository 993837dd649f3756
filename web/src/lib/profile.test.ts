import { expect, it } from 'vitest'
import { backTo, both, changed, withLevel, type Interest, type Preference, type Profile } from './profile'

const never: Preference = { block: 'make', value: 'Fiat', level: 'never' }
const profile: Profile = {
  taste_version: 3,
  event_count: 5,
  personalised: true,
  phase: 'orientation',
  interests: [],
  timeline: [],
  statements: [
    { block: 'make', value: 'Fiat', text: 'Fiat', weight: 2, stated: 'never' },
    { block: 'body', value: 'suv', text: 'SUV', weight: 4, stated: null },
  ],
  stated: { preferences: [never], budget: { max: 9_000, currency: 'EUR' } },
}

it('replaces the level of a thing, or takes it back', () => {
  expect(withLevel([never], never, 'less')).toEqual([{ ...never, level: 'less' }])
  expect(withLevel([never], never, null)).toEqual([])
})

it('shows a new level at once and keeps the rest', () => {
  const preferences = withLevel([never], { block: 'body', value: 'suv' }, 'only')
  const after = changed(profile, { preferences })
  expect(after.statements.map(({ stated }) => stated)).toEqual(['never', 'only'])
  expect(after.stated?.budget).toEqual({ max: 9_000, currency: 'EUR' })
})

it('shows what was said of something nobody has looked at', () => {
  const preferences = withLevel([], { block: 'fuel', value: 'electric' }, 'more')
  expect(changed(profile, { preferences }).statements.at(-1)).toMatchObject({
    value: 'electric',
    weight: 0,
    stated: 'more',
  })
})

it('shows what was said though the service has no evidence to speak of', () => {
  expect(changed({ ...profile, statements: [] }, {}).statements).toMatchObject([
    { value: 'Fiat', stated: 'never' },
  ])
})

it('joins two interests, and drops one', () => {
  const interest = (interest_id: string, share: number): Interest => ({
    interest_id,
    share,
    name: '',
    facts: {},
  })
  const three = { ...profile, interests: [interest('a', 0.5), interest('b', 0.3), interest('c', 0.2)] }
  const shares = (after: Profile) => after.interests.map(({ interest_id: id, share }) => `${id} ${share}`)
  expect(shares(changed(three, { together: [['a', 'b']] }))).toEqual(['a 0.8', 'c 0.2'])
  expect(shares(changed(three, { drop_interests: ['b'] }))).toEqual(['a 0.5', 'c 0.2'])
})

it('leaves out what is to be forgotten', () => {
  const after = changed(profile, { forget: [{ block: 'body', value: 'suv' }] })
  expect(after.statements.map(({ value }) => value)).toEqual(['Fiat'])
})

it('makes one change of two', () => {
  const [suv, kia] = [
    { block: 'body', value: 'suv' },
    { block: 'make', value: 'Kia' },
  ] as const
  const first = { forget: [suv], preferences: [never] }
  expect(both({}, first)).toEqual(first)
  expect(both(first, { forget: [kia], preferences: [] })).toEqual({ forget: [suv, kia], preferences: [] })
  expect(both(first, { drop_interests: ['a'] })).toEqual({ ...first, drop_interests: ['a'] })
})

it('knows the way back from each change', () => {
  expect(backTo(profile, { home: { lat: 1, lon: 2 } })).toEqual({ home: null })
  expect(backTo(profile, { personalised: false })).toEqual({ personalised: true })
  const there = changed(profile, { budget: null })
  expect(changed(there, backTo(profile, { budget: null })).stated?.budget).toEqual(profile.stated?.budget)
})
