import { expect, it } from 'vitest'
import { compared, describe as describeListing } from './details'
import { format, t } from '@/testing/english'

const listing = {
  listing_id: 'a',
  make: 'Škoda',
  model: 'Octavia',
  power_kw: 110,
  accident_free: false,
  features: ['abs'],
  attributes: { dealer_ref: 'A-77', empty: null },
}

it('shows every field the source gave, in groups, and no other', () => {
  const groups = describeListing(listing, t, format)
  expect(groups.map((group) => group.title)).toEqual([
    'The car',
    'Engine and drive',
    'History',
    'Seller and offer',
    "More from the seller's data",
  ])
  expect(groups[1]?.details).toEqual([{ label: 'Power', value: '110\u00a0kW (150\u00a0PS)' }])
  expect(groups[2]?.details).toEqual([{ label: 'Accident-free', value: 'No' }])
  expect(groups[4]?.details).toEqual([{ label: 'Dealer ref', value: 'A-77' }])
})

it('has a name for all that the service says of a listing', () => {
  const words = describeListing({ ...listing, first_listed_at: '2026-01-31T12:00:00Z' }, t, format)
  expect(words[3]?.details).toContainEqual({ label: 'First listed', value: '31 Jan 2026' })
})

it('shows attributes nobody knew when this page was written', () => {
  const last = describeListing({ ...listing, attributes: { towing_kg: 1500 } }, t, format).at(-1)
  expect(last?.details).toEqual([{ label: 'Towing kg', value: '1500' }])
})

it('puts cars side by side, the price first, and knows what differs', () => {
  const dearer = { ...listing, listing_id: 'b', price_amount: 9000, price_currency: 'EUR', seats: 5 }
  const rows = compared([{ ...listing, price_amount: 8000, price_currency: 'EUR' }, dearer], t, format)
  expect(rows[0]).toEqual({ label: 'Price', values: ['€8,000', '€9,000'], isEqual: false })
  expect(rows.find((row) => row.label === 'Make')?.isEqual).toBe(true)
  expect(rows.find((row) => row.label === 'Seats')?.values).toEqual(['–', '5'])
})
