import type { Listing } from '@/client'
import { country, day, emission, kilometres, money, month, power, quantity, words } from './format'

export interface Detail {
  label: string
  value: string
}
export interface DetailGroup {
  title: string
  details: Detail[]
}

type Show = (value: never, listing: Listing) => string
type Field = [name: keyof Listing, label: string, show?: Show]

const yesNo = (value: boolean) => (value ? 'Yes' : 'No')
const litres = (value: number) => quantity(value, 'l/100 km')
const code = (value: string) => words(value)

const GROUPS: [title: string, fields: Field[]][] = [
  [
    'The car',
    [
      ['make', 'Make'],
      ['model', 'Model'],
      ['variant', 'Variant'],
      ['generation', 'Generation'],
      ['body_type', 'Body', code],
      ['condition', 'Condition', code],
      ['certified', 'Certified', yesNo],
      ['model_year', 'Model year'],
      ['first_registration', 'First registration', month],
      ['mileage_km', 'Mileage', kilometres],
      ['doors', 'Doors'],
      ['seats', 'Seats'],
      ['steering', 'Steering wheel', code],
    ],
  ],
  [
    'Engine and drive',
    [
      ['fuel_type', 'Fuel', code],
      ['power_kw', 'Power', power],
      ['displacement_cc', 'Displacement', (value: number) => quantity(value, 'cm³')],
      ['cylinders', 'Cylinders'],
      ['transmission', 'Transmission', code],
      ['gears', 'Gears'],
      ['drivetrain', 'Drivetrain', code],
      ['battery_kwh', 'Battery', (value: number) => quantity(value, 'kWh')],
      ['electric_range_km', 'Electric range', kilometres],
    ],
  ],
  [
    'Consumption and emissions',
    [
      ['consumption_l_100km', 'Consumption (combined)', litres],
      ['consumption_kwh_100km', 'Consumption (electric)', (value: number) => quantity(value, 'kWh/100 km')],
      ['co2_g_km', 'CO₂', (value: number) => quantity(value, 'g/km')],
      ['emission_standard', 'Emission standard', emission],
    ],
  ],
  [
    'Colour and interior',
    [
      ['color_exterior', 'Colour', code],
      ['color_name', "Maker's colour"],
      ['metallic', 'Metallic', yesNo],
      ['color_interior', 'Interior colour', code],
      ['upholstery', 'Upholstery', code],
    ],
  ],
  [
    'History',
    [
      ['owners_count', 'Previous owners'],
      ['accident_free', 'Accident-free', yesNo],
      ['damaged', 'Damaged', yesNo],
      ['service_history', 'Service history', yesNo],
      ['title_status', 'Title', code],
      ['vin', 'VIN'],
    ],
  ],
  [
    'Price',
    [
      ['price_amount', 'Price', (value: number, listing) => money(value, listing.price_currency)],
      ['price_type', 'Kind of price', code],
      ['price_negotiable', 'Negotiable', yesNo],
      ['vat_reclaimable', 'VAT reclaimable', yesNo],
      ['msrp_amount', 'Price when new', (value: number, listing) => money(value, listing.price_currency)],
    ],
  ],
  [
    'Seller and offer',
    [
      ['seller_name', 'Seller'],
      ['seller_type', 'Kind of seller', code],
      ['seller_rating', 'Rating'],
      ['postal_code', 'Postal code'],
      ['city', 'City'],
      ['region', 'Region'],
      ['country', 'Country', country],
      ['status', 'Status', code],
      ['listed_at', 'Listed', day],
      ['updated_at', 'Updated', day],
      ['sold_at', 'Sold', day],
      ['source', 'Source'],
      ['source_listing_id', "Source's number"],
      ['listing_id', 'Listing number'],
    ],
  ],
]

// Shown elsewhere on the page, or nothing a shopper reads.
const ELSEWHERE = new Set([
  ...['price_currency', 'features', 'description', 'title', 'url', 'images', 'image_count', 'lat', 'lon'],
  ...['attributes', 'import_warnings', 'seller_id', 'position', 'score', 'reasons'],
])
const KNOWN = new Set<string>(GROUPS.flatMap(([, fields]) => fields.map(([name]) => name as string)))

function plain(value: unknown): string {
  if (typeof value === 'boolean') return yesNo(value)
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const isSaid = (value: unknown) => value != null && value !== ''

function extras(listing: Listing): Detail[] {
  const unknown = Object.entries(listing).filter(([name]) => !KNOWN.has(name) && !ELSEWHERE.has(name))
  return [...unknown, ...Object.entries(listing.attributes ?? {})]
    .filter(([, value]) => isSaid(value))
    .map(([name, value]) => ({ label: words(name), value: plain(value) }))
}

/** Every field the source gave, in groups; a field it did not give is left out, and so is an empty group. */
export function describe(listing: Listing): DetailGroup[] {
  const known = GROUPS.map(([title, fields]) => ({
    title,
    details: fields
      .filter(([name]) => isSaid(listing[name]))
      .map(([name, label, show]) => ({
        label,
        value: show ? show(listing[name] as never, listing) : plain(listing[name]),
      })),
  }))
  return [...known, { title: "More from the seller's data", details: extras(listing) }].filter(
    (group) => group.details.length > 0,
  )
}
