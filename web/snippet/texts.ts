import type { RecommendedListing, ReasonOut } from '../src/client'
import { codeOf, WORDS } from './words'

const en = {
  heading: 'For you',
  why: 'Why you see this',
  empty: 'Nothing to show yet.',
  on_request: 'Price on request',
  viewed: 'Like the {x} you viewed',
  interest: 'Your interest: {x}',
  good_price: '{x} below similar cars',
  popular: 'Other shoppers are looking at it',
  new: 'New this week',
  explore: 'Something different',
  similar: 'Similar to cars you viewed',
  year: 'From {x}',
  place: 'In {x}',
  under: 'Under {x}',
  over: 'Over {x}',
}
const de: typeof en = {
  heading: 'Für Sie',
  why: 'Warum Sie das sehen',
  empty: 'Noch nichts zu zeigen.',
  on_request: 'Preis auf Anfrage',
  viewed: 'Wie der angesehene {x}',
  interest: 'Ihr Interesse: {x}',
  good_price: '{x} unter ähnlichen Autos',
  popular: 'Andere sehen es sich an',
  new: 'Neu in dieser Woche',
  explore: 'Mal etwas anderes',
  similar: 'Ähnlich wie angesehene Autos',
  year: 'Ab {x}',
  place: 'In {x}',
  under: 'Unter {x}',
  over: 'Über {x}',
}
const cs: typeof en = {
  heading: 'Pro vás',
  why: 'Proč to vidíte',
  empty: 'Zatím není co ukázat.',
  on_request: 'Cena na dotaz',
  viewed: 'Jako prohlížený {x}',
  interest: 'Váš zájem: {x}',
  good_price: '{x} pod cenou podobných vozů',
  popular: 'Prohlížejí si ho i ostatní',
  new: 'Novinka tohoto týdne',
  explore: 'Něco jiného',
  similar: 'Podobné prohlíženým vozům',
  year: 'Od roku {x}',
  place: '{x}',
  under: 'Do {x}',
  over: 'Nad {x}',
}
const LANGUAGES = ['en', 'de', 'cs']
const TEXTS = [en, de, cs]

/** The texts and formats of a page's language ("de-AT"); numbers follow it even where the texts have to be English. */
export function createSpeech(language: string) {
  const at = Math.max(LANGUAGES.indexOf(language.slice(0, 2).toLowerCase()), 0)
  const texts = TEXTS[at] ?? en
  const number = (value: number, options?: Intl.NumberFormatOptions) =>
    new Intl.NumberFormat(language, { maximumFractionDigits: 0, ...options }).format(value)
  const grouped = (digits: string) => number(Number(digits.replaceAll(' ', '')))
  const words = (code: string) => WORDS[code]?.[at] ?? code.replaceAll('_', ' ')

  function price({ price_amount: amount, price_currency: currency }: RecommendedListing): string {
    if (amount == null || !currency) return texts.on_request
    return number(amount, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' })
  }

  function facts(listing: RecommendedListing): string {
    const { model_year: year, mileage_km: mileage, fuel_type: fuel, transmission } = listing
    return [
      year,
      mileage != null && `${number(mileage)}\u00a0km`,
      fuel && words(fuel),
      transmission && words(transmission),
    ]
      .filter(Boolean)
      .join(' · ')
  }

  /** The service gives reasons in English: its sentences and the catalogue's words are few, names stay as they are. */
  function reason({ code, text }: ReasonOut): string {
    const fixed = SENTENCES.find(([key]) => en[key] === text)
    if (fixed) return texts[fixed[0]]
    for (const [key, pattern] of SENTENCES) {
      const [, name] = pattern?.exec(text) ?? []
      if (name) return texts[key].replace('{x}', () => name.replace(/^[\d ]+(?= km$)/, grouped))
    }
    const word = codeOf(text)
    return word && code !== 'region' ? words(word) : text
  }

  return { texts, price, facts, reason }
}
export type Speech = ReturnType<typeof createSpeech>

const SENTENCES: [key: keyof typeof en, pattern?: RegExp][] = [
  ['popular'],
  ['new'],
  ['explore'],
  ['similar'],
  ['viewed', /^Like the (.+) you viewed$/],
  ['interest', /^Your interest: (.+)$/],
  ['year', /^From (\d{4})$/],
  ['place', /^In (.+)$/],
  ['under', /^Under (.+)$/],
  ['over', /^Over (.+)$/],
  ['good_price', /^(\d+%) below similar cars$/],
]

/** The language of the page around an element, as a tag that `Intl` takes. */
export function languageOf(inside: Element): string {
  const said = inside.closest('[lang]')?.getAttribute('lang') || navigator.language
  try {
    return Intl.getCanonicalLocales(said)[0] ?? 'en'
  } catch {
    return 'en' // nothing that names a language
  }
}
