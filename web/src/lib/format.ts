// Values as people read them. The page speaks English; its number formats follow.
const LOCALE = 'en-GB'
const KW_PER_PS = 0.73549875

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 })
const fine = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 })

/** An amount in the listing's own currency; whole unless it has cents. The API sends decimals as text or number. */
export function money(
  amount: number | string | null | undefined,
  currency: string | null | undefined,
): string {
  const value = Number(amount)
  if (amount == null || amount === '' || !Number.isFinite(value) || !currency) return 'Price on request'
  return new Intl.NumberFormat(LOCALE, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    maximumFractionDigits: Number.isInteger(value) ? 0 : 2,
  }).format(value)
}

export function count(value: number): string {
  return whole.format(value)
}

/** "48,200 km", "3.4 l": a number and its unit, kept on one line. */
export function quantity(value: number, unit: string): string {
  return `${fine.format(value)}\u00a0${unit}`
}

export function kilometres(value: number): string {
  return quantity(Math.round(value), 'km')
}

/** Kilowatts with the horsepower (PS) most shoppers think in. */
export function power(kw: number): string {
  return `${quantity(Math.round(kw), 'kW')} (${quantity(Math.round(kw / KW_PER_PS), 'PS')})`
}

/** "2021-03" as "March 2021"; anything else as it came. */
export function month(value: string): string {
  const [, year, number] = /^(\d{4})-(\d{2})$/.exec(value) ?? []
  if (!year || !number) return value
  return new Date(Date.UTC(Number(year), Number(number) - 1)).toLocaleDateString(LOCALE, {
    year: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  })
}

/** "2021-03" as "03/2021", as registration papers write it. */
export function shortMonth(value: string): string {
  return value.replace(/^(\d{4})-(\d{2})$/, '$2/$1')
}

export function day(value: string): string {
  const date = new Date(value)
  if (Number.isNaN(date.getTime())) return value
  return date.toLocaleDateString(LOCALE, { year: 'numeric', month: 'short', day: 'numeric' })
}

const names = new Intl.DisplayNames(LOCALE, { type: 'region', fallback: 'code' })

export function country(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (names.of(code) ?? code) : code
}

const WORDS: Record<string, string> = {
  suv: 'SUV',
  city_car: 'City car',
  lpg: 'LPG',
  cng: 'CNG',
  plugin_hybrid: 'Plug-in hybrid',
  mild_hybrid: 'Mild hybrid',
  semi_automatic: 'Semi-automatic',
  cvt: 'CVT',
  fwd: 'Front-wheel drive',
  rwd: 'Rear-wheel drive',
  awd: 'All-wheel drive',
  '4wd': 'Four-wheel drive',
  pre_registered: 'Pre-registered',
  all_in: 'All in',
  msrp: 'List price',
  abs: 'ABS',
  esp: 'ESP',
  isofix: 'ISOFIX',
  led_headlights: 'LED headlights',
  apple_carplay: 'Apple CarPlay',
  android_auto: 'Android Auto',
}

/** A code of the catalogue ("plugin_hybrid", "air_conditioning") as words. */
export function words(code: string): string {
  const known = WORDS[code]
  if (known) return known
  const text = code.replaceAll('_', ' ').trim()
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** "euro6d" as "Euro 6d". */
export function emission(code: string): string {
  return /^euro\d/.test(code) ? `Euro ${code.slice(4)}` : words(code)
}
