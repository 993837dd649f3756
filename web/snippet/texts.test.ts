import { expect, it } from 'vitest'
import type { RecommendedListing } from '../src/client'
import cs from '../src/locales/cs/words.json'
import de from '../src/locales/de/words.json'
import en from '../src/locales/en/words.json'
import { linkTo } from './listing'
import { createSpeech } from './texts'

const LOCALES = { en, de, cs }
// What a reason may say besides makes, models and regions (src/carousel/catalogue/listing.py).
const CODES = {
  body: 'hatchback sedan wagon suv crossover coupe convertible minivan van pickup city_car other',
  fuel: 'petrol diesel electric hybrid plugin_hybrid mild_hybrid lpg cng hydrogen ethanol other',
  transmission: 'manual automatic semi_automatic cvt other',
  drivetrain: 'fwd rwd awd 4wd other',
  color: 'black white grey silver blue red green brown beige yellow orange purple other',
  condition: 'new used demo pre_registered classic',
}
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
  [{ code: 'budget', text: 'Within your budget' }, 'In Ihrem Budget'],
  [{ code: 'drivetrain', text: 'All-wheel drive' }, 'Allradantrieb'],
  [{ code: 'transmission', text: 'Semi-automatic' }, 'Halbautomatik'],
  [{ code: 'fuel', text: 'CNG' }, 'Erdgas (CNG)'],
  [{ code: 'region', text: 'In New' }, 'In New'],
  [{ code: 'price', text: '12k–14k €' }, '12k–14k €'],
])('says the reason %o in German', (reason, text) => {
  expect(createSpeech('de-AT').reason(reason)).toBe(text)
})

it.each(['lpg', 'cng', 'cvt', 'hybrid', 'mild_hybrid', 'semi_automatic', 'ethanol', 'other'])(
  'writes the code %s as a word in every language',
  (code) => {
    for (const [language, words] of Object.entries(LOCALES)) {
      const car = { fuel_type: code } as RecommendedListing
      expect(createSpeech(language).facts(car)).toBe(words[code as keyof typeof en])
    }
  },
)

it.each(Object.entries(CODES))('says every %s in German and Czech as the app does', (block, codes) => {
  for (const code of codes.split(' ') as (keyof typeof en)[])
    for (const [language, words] of Object.entries(LOCALES))
      expect(createSpeech(language).reason({ code: block, text: en[code] })).toBe(words[code])
})

it('says who sells', () => {
  expect(createSpeech('de').reason({ code: 'seller', text: 'From a private seller' })).toBe('Von privat')
  expect(createSpeech('cs').reason({ code: 'seller', text: 'From a dealer' })).toBe('Od prodejce')
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
