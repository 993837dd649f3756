import type { RecommendedListing, ReasonOut } from '../src/client'
import { translate } from './words'

/** The texts and formats of a page's language ("de-AT"); numbers follow it even where the texts have to be English. */
export function createSpeech(language: string) {
  const number = (value: number, options?: Intl.NumberFormatOptions) =>
    new Intl.NumberFormat(language, { maximumFractionDigits: 0, ...options }).format(value)
  const grouped = (digits: string) => number(Number(digits.replaceAll(' ', '')))

  /** Say an English text or a code in the language of the page. */
  const say = (text: string) => translate(text, language, (x) => x.replace(/^[\d ]+(?= km$)/, grouped))

  function price({ price_amount: amount, price_currency: currency }: RecommendedListing): string {
    if (amount == null || !currency) return say('Price on request')
    return number(amount, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' })
  }

  function facts(listing: RecommendedListing): string {
    const { model_year: year, mileage_km: mileage, fuel_type: fuel, transmission } = listing
    return [
      year,
      mileage != null && `${number(mileage)}\u00a0km`,
      fuel && say(fuel),
      transmission && say(transmission),
    ]
      .filter(Boolean)
      .join(' · ')
  }

  /** The service gives reasons in English. */
  const reason = ({ text }: ReasonOut) => say(text)

  return { say, price, facts, reason }
}
export type Speech = ReturnType<typeof createSpeech>

/** The language of the page around an element, as a tag that `Intl` takes. */
export function languageOf(inside: Element): string {
  const said = inside.closest('[lang]')?.getAttribute('lang') || navigator.language
  try {
    return Intl.getCanonicalLocales(said)[0] ?? 'en'
  } catch {
    return 'en' // nothing that names a language
  }
}
