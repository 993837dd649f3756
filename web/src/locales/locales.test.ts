import { beforeAll, expect, it } from 'vitest'
import { createFormat } from '@/lib/format'
import { compared, describe as describeListing } from '@/lib/details'
import { createTranslations, speak, type Language } from '@/lib/i18n'
import { problemTexts, toProblem } from '@/lib/problem'

const i18n = createTranslations()
const { t, te } = i18n.global
const at = (code: Language) => speak(i18n, code)
const format = createFormat({
  language: () => i18n.global.locale.value as Language,
  text: (key) => t(key),
  has: (key) => te(key),
})
const counted = (key: string, counts: number[]) => counts.map((n) => t(key, { n }, n))

beforeAll(() => at('en'))

it('counts the kinds that are left as each language does', async () => {
  expect(counted('taste.more_blocks', [1, 2])).toEqual([
    'Show 1 more kind',
    'Show 2 more kinds, such as models and colours',
  ])
  await at('de')
  expect(counted('taste.more_blocks', [1])).toEqual(['1 weitere Art zeigen'])
  expect(counted('taste.more_all', [1, 2])).toEqual(['Noch 1 zeigen', '2 weitere zeigen'])
  await at('cs')
  expect(counted('taste.more_all', [1, 3, 5])).toEqual([
    'Ukázat 1 další',
    'Ukázat 3 další',
    'Ukázat dalších 5',
  ])
  expect(counted('taste.more_blocks', [1, 3, 5]).map((text) => text.split(',')[0])).toEqual([
    'Ukázat 1 další druh',
    'Ukázat 3 další druhy',
    'Ukázat dalších 5 druhů',
  ])
})

it('says every code of a listing, and its rating, in the language of the page', async () => {
  const listing = {
    listing_id: 'a',
    make: 'Kia',
    model: 'Ceed',
    status: 'sold',
    steering: 'right',
    title_status: 'salvage',
    price_type: 'net',
    seller_rating: 4.7,
  } as const
  const values = () =>
    describeListing(listing, t, format).flatMap(({ details }) => details.map((one) => one.value))
  await at('de')
  expect(values()).toEqual(expect.arrayContaining(['Verkauft', 'Rechts', 'Totalschaden', 'Netto', '4,7']))
  await at('cs')
  expect(values()).toEqual(
    expect.arrayContaining(['Prodáno', 'Vpravo', 'Po totální škodě', 'Bez DPH', '4,7']),
  )
  await at('en')
  expect(compared([listing], t, format).map((row) => row.values[0])).toContain('4.7')
})

it('says what went wrong in the language of the page, whoever says so', async () => {
  await at('de')
  const texts = (error: unknown, status?: number) => problemTexts(toProblem(error, status), t)
  expect(texts(new TypeError('Failed to fetch')).title).toBe('Keine Verbindung')
  expect(texts('<html>', 502).text).toBe('Der Dienst antwortete mit Status 502.')
  const said = { title: 'In English', detail: 'no listing has the id' }
  expect(texts(said, 404).title).toBe('Nicht gefunden')
  expect(texts(said, 422).title).toBe('Das ist nicht möglich')
  expect(texts(said, 503).text).toBe('Versuchen Sie es gleich noch einmal.')
  expect(texts(said, 403).text).toBe('Der Dienst antwortete mit Status 403.')
})
