import { REGIONS, type Language } from './i18n'
import type { Place } from './place'

const KW_PER_PS = 0.73549875

/** What of vue-i18n is needed here: `has` says whether there is a text. */
export interface Texts {
  language: () => Language
  text: (key: string) => string
  has: (key: string) => boolean
}
export type Format = ReturnType<typeof createFormat>

const made = new Map<string, Intl.NumberFormat>()

/** Making one takes as long as formatting a hundred numbers, and a page has hundreds. */
function numbers(region: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = region + JSON.stringify(options)
  const known = made.get(key) ?? new Intl.NumberFormat(region, options)
  made.set(key, known)
  return known
}

/** Values as people of a language read them. A function called while rendering follows a change of language. */
export function createFormat({ language, text, has }: Texts) {
  const region = () => REGIONS[language()]
  const number = (value: number, digits: number) =>
    numbers(region(), { maximumFractionDigits: digits }).format(value)

  /** An amount in the listing's own currency; whole unless it has cents. The API sends decimals as text or number. */
  function money(amount: number | string | null | undefined, currency: string | null | undefined): string {
    const value = Number(amount)
    if (amount == null || amount === '' || !Number.isFinite(value) || !currency)
      return text('format.price_on_request')
    return numbers(region(), {
      style: 'currency',
      currency,
      currencyDisplay: 'narrowSymbol',
      maximumFractionDigits: Number.isInteger(value) ? 0 : 2,
    }).format(value)
  }

  const count = (value: number): string => number(value, 0)
  const decimal = (value: number): string => number(value, 2)

  /** "48,200 km", "3.4 l": a number and its unit, kept on one line. */
  const quantity = (value: number, unit: string): string => `${number(value, 1)}\u00a0${unit}`
  const kilometres = (value: number): string => quantity(Math.round(value), 'km')

  /** A place too coarse for an address: "51.34°, 12.37°". */
  const degrees = (place: Place | undefined): string =>
    place ? `${number(place.lat, 2)}°, ${number(place.lon, 2)}°` : ''

  /** Kilowatts with the horsepower (PS) most shoppers think in. */
  const power = (kw: number): string =>
    `${quantity(Math.round(kw), 'kW')} (${quantity(Math.round(kw / KW_PER_PS), text('format.horsepower'))})`

  /** "2021-03" as "March 2021"; anything else as it came. */
  function month(value: string): string {
    const [, year, at] = /^(\d{4})-(\d{2})$/.exec(value) ?? []
    if (!year || !at) return value
    return new Date(Date.UTC(Number(year), Number(at) - 1)).toLocaleDateString(region(), {
      year: 'numeric',
      month: 'long',
      timeZone: 'UTC',
    })
  }

  function day(value: string): string {
    const date = new Date(value)
    if (Number.isNaN(date.getTime())) return value
    return date.toLocaleDateString(region(), { year: 'numeric', month: 'short', day: 'numeric' })
  }

  function country(code: string): string {
    if (!/^[A-Z]{2}$/.test(code)) return code
    return new Intl.DisplayNames(region(), { type: 'region', fallback: 'code' }).of(code) ?? code
  }

  /** A code of the catalogue ("plugin_hybrid", "air_conditioning") as words. */
  function words(code: string): string {
    if (has(`words.${code}`)) return text(`words.${code}`)
    const plain = code.replaceAll('_', ' ').trim()
    return plain.charAt(0).toUpperCase() + plain.slice(1)
  }

  /** "euro6d" as "Euro 6d". */
  const emission = (code: string): string => (/^euro\d/.test(code) ? `Euro ${code.slice(4)}` : words(code))

  return { money, count, decimal, quantity, kilometres, degrees, power, month, day, country, words, emission }
}

/** "2021-03" as "03/2021", as registration papers write it. */
export function shortMonth(value: string): string {
  return value.replace(/^(\d{4})-(\d{2})$/, '$2/$1')
}
