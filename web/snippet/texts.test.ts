import { expect, it } from 'vitest'
import type { RecommendedListing } from '../src/client'
import { linkTo } from './card'
import { createSpeech } from './texts'

const octavia = {
  listing_id: 'stock 4711',
  make: 'Škoda',
  model: 'Octavia',
  model_year: 2021,
  mileage_km: 48_200,
  fuel_type: 'petrol',
  transmission: 'automatic',
  price_amount: 19_990,
  price_currency: 'EUR',
} as RecommendedListing

it.each([
  ['en-GB', '€19,990', '2021 · 48,200\u00a0km · Petrol · Automatic'],
  ['de', '19.990\u00a0€', '2021 · 48.200\u00a0km · Benzin · Automatik'],
  ['cs', '19\u00a0990\u00a0€', '2021 · 48\u00a0200\u00a0km · Benzín · Automatická'],
  ['fr', '19\u202f990\u00a0€', '2021 · 48\u202f200\u00a0km · Petrol · Automatic'],
])('writes a car as a page in %s does', (language, price, facts) => {
  const speech = createSpeech(language)
  expect(speech.price(octavia)).toBe(price)
  expect(speech.facts(octavia)).toBe(facts)
})

it.each([
  [{ code: 'viewed', text: 'Like the Octavia you viewed' }, 'Wie der angesehene Octavia'],
  [{ code: 'viewed', text: 'Similar to cars you viewed' }, 'Ähnlich wie angesehene Autos'],
  [{ code: 'model', text: 'Your interest: Golf $& GTI' }, 'Ihr Interesse: Golf $& GTI'],
  [{ code: 'good_price', text: '12% below similar cars' }, '12% unter ähnlichen Autos'],
  [{ code: 'body', text: 'Wagon' }, 'Kombi'],
  [{ code: 'new', text: 'New this week' }, 'Neu in dieser Woche'],
  [{ code: 'year', text: 'From 2021' }, 'Ab 2021'],
  [{ code: 'mileage', text: 'Under 50 000 km' }, 'Unter 50\u00a0000 km'],
  [{ code: 'region', text: 'In Wien' }, 'In Wien'],
  [{ code: 'seller', text: 'From a dealer' }, 'Vom Händler'],
  [{ code: 'price', text: '12k–14k €' }, '12k–14k €'],
])('says the reason %o in German', (reason, text) => {
  expect(createSpeech('de-AT').reason(reason)).toBe(text)
})

it('groups the digits of a reason as the page does', () => {
  expect(createSpeech('en-GB').reason({ code: 'mileage', text: 'Over 150 000 km' })).toBe('Over 150,000 km')
})

it('says that a price is missing', () => {
  expect(createSpeech('cs').price({ ...octavia, price_amount: null })).toBe('Cena na dotaz')
})

it('puts fields into the address of the page, safely', () => {
  expect(linkTo(octavia, '/cars/{make}/{listing_id}')).toBe('/cars/%C5%A0koda/stock%204711')
  expect(linkTo({ ...octavia, url: 'https://shop.example/4711' }, null)).toBe('https://shop.example/4711')
  expect(linkTo({ ...octavia, url: 'javascript:alert(1)' }, null)).toBeUndefined()
})
