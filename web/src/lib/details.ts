import type { Listing } from '@/client'
import type { Format } from './format'
import type { Say } from './phrases'

export interface Detail {
  label: string
  value: string
}
export interface DetailGroup {
  title: string
  details: Detail[]
}

type Show = (value: never, format: Format, listing: Listing, t: Say) => string
type Field = [name: keyof Listing, show?: Show]

const yesNo: Show = (value: boolean, _, __, t) => t(value ? 'detail.yes' : 'detail.no')
const code: Show = (value: string, { words }) => words(value)
const unit =
  (name: string): Show =>
  (value: number, { quantity }) =>
    quantity(value, name)
const amount: Show = (value: number, { money }, listing) => money(value, listing.price_currency)

const GROUPS: [title: string, fields: Field[]][] = [
  [
    'car',
    [
      ['make'],
      ['model'],
      ['variant'],
      ['generation'],
      ['body_type', code],
      ['condition', code],
      ['certified', yesNo],
      ['model_year'],
      ['first_registration', (value: string, { month }) => month(value)],
      ['mileage_km', (value: number, { kilometres }) => kilometres(value)],
      ['doors'],
      ['seats'],
      ['steering', code],
    ],
  ],
  [
    'engine',
    [
      ['fuel_type', code],
      ['power_kw', (value: number, { power }) => power(value)],
      ['displacement_cc', unit('cm³')],
      ['cylinders'],
      ['transmission', code],
      ['gears'],
      ['drivetrain', code],
      ['battery_kwh', unit('kWh')],
      ['electric_range_km', (value: number, { kilometres }) => kilometres(value)],
    ],
  ],
  [
    'consumption',
    [
      ['consumption_l_100km', unit('l/100 km')],
      ['consumption_kwh_100km', unit('kWh/100 km')],
      ['co2_g_km', unit('g/km')],
      ['emission_standard', (value: string, { emission }) => emission(value)],
    ],
  ],
  [
    'colour',
    [
      ['color_exterior', code],
      ['color_name'],
      ['metallic', yesNo],
      ['color_interior', code],
      ['upholstery', code],
    ],
  ],
  [
    'history',
    [
      ['owners_count'],
      ['accident_free', yesNo],
      ['damaged', yesNo],
      ['service_history', yesNo],
      ['title_status', code],
      ['vin'],
    ],
  ],
  [
    'price',
    [
      ['price_amount', amount],
      ['price_type', code],
      ['price_negotiable', yesNo],
      ['vat_reclaimable', yesNo],
      ['msrp_amount', amount],
    ],
  ],
  [
    'offer',
    [
      ['seller_name'],
      ['seller_type', code],
      ['seller_rating', (value: number, { decimal }) => decimal(value)],
      ['postal_code'],
      ['city'],
      ['region'],
      ['country', (value: string, { country }) => country(value)],
      ['status', code],
      ['first_listed_at', (value: string, { day }) => day(value)],
      ['listed_at', (value: string, { day }) => day(value)],
      ['updated_at', (value: string, { day }) => day(value)],
      ['sold_at', (value: string, { day }) => day(value)],
      ['source'],
      ['source_listing_id'],
      ['listing_id'],
    ],
  ],
]

// Shown elsewhere on the page, or nothing a shopper reads.
const ELSEWHERE = new Set([
  ...['price_currency', 'features', 'description', 'title', 'url', 'images', 'image_count', 'lat', 'lon'],
  ...['attributes', 'import_warnings', 'seller_id', 'position', 'score', 'reasons', 'price_history'],
])
const KNOWN = new Set<string>(GROUPS.flatMap(([, fields]) => fields.map(([name]) => name as string)))

function plain(value: unknown, t: Say): string {
  if (typeof value === 'boolean') return t(value ? 'detail.yes' : 'detail.no')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const isSaid = (value: unknown) => value != null && value !== ''

function extras(listing: Listing, t: Say, { words }: Format): Detail[] {
  const unknown = Object.entries(listing).filter(([name]) => !KNOWN.has(name) && !ELSEWHERE.has(name))
  return [...unknown, ...Object.entries(listing.attributes ?? {})]
    .filter(([, value]) => isSaid(value))
    .map(([name, value]) => ({ label: words(name), value: plain(value, t) }))
}

const shown = (listing: Listing, [name, show]: Field, t: Say, format: Format): string =>
  show ? show(listing[name] as never, format, listing, t) : plain(listing[name], t)

/** Every field the source gave, in groups; a field it did not give is left out, and so is an empty group. */
export function describe(listing: Listing, t: Say, format: Format): DetailGroup[] {
  const known = GROUPS.map(([title, fields]) => ({
    title: t(`detail.group.${title}`),
    details: fields
      .filter(([name]) => isSaid(listing[name]))
      .map((field) => ({
        label: t(`detail.field.${String(field[0])}`),
        value: shown(listing, field, t, format),
      })),
  }))
  const more = { title: t('detail.group.more'), details: extras(listing, t, format) }
  return [...known, more].filter((group) => group.details.length > 0)
}

export interface ComparedRow {
  label: string
  values: string[]
  isEqual: boolean
}

// What tells one offer from another, not cars.
const NOT_COMPARED = new Set(['listing_id', 'source', 'source_listing_id', 'vin', 'updated_at', 'status'])

/** The fields of several listings side by side, those that at least one of them gives. */
export function compared(listings: readonly Listing[], t: Say, format: Format): ComparedRow[] {
  const price = GROUPS.filter(([title]) => title === 'price')
  const others = GROUPS.filter(([title]) => title !== 'price')
  return [...price, ...others]
    .flatMap(([, fields]) => fields)
    .filter(([name]) => !NOT_COMPARED.has(String(name)) && listings.some((listing) => isSaid(listing[name])))
    .map((field) => {
      const values = listings.map((one) => (isSaid(one[field[0]]) ? shown(one, field, t, format) : '–'))
      return { label: t(`detail.field.${String(field[0])}`), values, isEqual: new Set(values).size === 1 }
    })
}
