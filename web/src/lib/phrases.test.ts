import { expect, it } from 'vitest'
import { createFormat } from './format'
import { agoText, budgetText, interestName, listText, numberText, type Say } from './phrases'

const say: Say = (key, values) => `${key} ${JSON.stringify(values)}`
const format = createFormat({ language: () => 'en', text: (key) => key, has: () => false })

it('joins a list as the language does', () => {
  expect(listText(['SUV', 'Kombi', 'Van'], 'de')).toBe('SUV, Kombi und Van')
  expect(listText(['SUV', 'kombi'], 'cs')).toBe('SUV a\u00a0kombi')
})

it('says the ends of a budget that there are', () => {
  expect(budgetText({ min: 5_000, max: 9_000, currency: 'EUR' }, say, format)).toContain('taste.budget.range')
  expect(budgetText({ max: 9_000, currency: 'GBP' }, say, format)).toBe('taste.budget.up_to {"max":"£9,000"}')
  expect(budgetText({ min: 0, currency: 'EUR' }, say, format)).toBe('taste.budget.from {"min":"€0"}')
  expect(budgetText(null, say, format)).toBe('')
})

it('names an interest by what is known of it, else as the service does', () => {
  const interest = { interest_id: 'a', name: 'Family SUVs', share: 0.5 }
  expect(interestName({ ...interest, facts: { make: 'Kia', body_type: 'suv' } }, say, format)).toBe(
    'Kia · Suv',
  )
  expect(interestName({ ...interest, facts: {} }, say, format)).toBe('Family SUVs')
})

it.each([
  [30, 'this minute'],
  [300, '5 minutes ago'],
  [7_200, '2 hours ago'],
  [86_400, 'yesterday'],
])('says of %d seconds that it was %s', (seconds, text) => {
  const now = Date.parse('2026-01-31T12:00:00Z')
  expect(agoText(new Date(now - seconds * 1000).toISOString(), 'en', now)).toBe(text)
})

it('writes numbers and shares as the language does', () => {
  expect(numberText(2.54, 'de')).toBe('2,5')
  expect(numberText(0.62, 'en', { style: 'percent' })).toBe('62%')
})
