import { expect, it } from 'vitest'
import { createFormat } from './format'
import { createTranslations, speak } from './i18n'
import { momentParts, oncePerVisit } from './moments'
import { format, t } from '@/testing/english'

const at = '2026-01-31T12:00:00Z'
const text = 'in English'

it.each([
  ['view', { name: 'Škoda Octavia' }, 'view', 'Škoda Octavia'],
  ['view', {}, 'view', 'a car that is gone'],
  ['search', {}, 'search', 'all cars'],
  ['search', { query: 'panda', filters: { own: [{ deep: 1 }], make: null } }, 'search', '“panda”'],
  ['state', { reset: true }, 'reset', ''],
  ['state', {}, 'state', ''],
  ['merge', {}, 'merge', ''],
])('tells what was done from what it was done with: %s %o', (type, facts, did, what) => {
  expect(momentParts({ at, text, type, facts }, t, format)).toEqual({ did, what })
})

it('says a search in the language of the page', async () => {
  const i18n = createTranslations()
  await speak(i18n, 'de')
  const { t: say, te } = i18n.global
  const german = createFormat({ language: () => 'de', text: (key) => say(key), has: (key) => te(key) })
  const filters = { make: 'Skoda', body: ['wagon'], fuel: ['diesel'], max_price: 250_000 }
  const moment = { at, text, type: 'search', facts: { filters, currency: 'CZK' } }
  expect(momentParts(moment, say, german).what).toBe('Skoda, Kombi, Diesel, Bis 250.000\u00a0Kč')
})

it('tells a visit to a car once', () => {
  const did = (type: string, listing_id: string) => ({
    at: '2026-01-31T12:00:00Z',
    type,
    listing_id,
    text: '',
    facts: {},
  })
  const all = [
    did('favourite', 'a'),
    did('dwell', 'a'),
    did('view', 'a'),
    did('click', 'a'),
    did('view', 'b'),
  ]
  expect(oncePerVisit(all).map(({ type, listing_id }) => `${type} ${listing_id}`)).toEqual([
    'favourite a',
    'dwell a',
    'view b',
  ])
})
