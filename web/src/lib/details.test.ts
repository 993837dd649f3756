import { expect, it } from 'vitest'
import { describe as describeListing } from './details'

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
  const groups = describeListing(listing)
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

it('shows attributes nobody knew when this page was written', () => {
  const last = describeListing({ ...listing, attributes: { towing_kg: 1500 } }).at(-1)
  expect(last?.details).toEqual([{ label: 'Towing kg', value: '1500' }])
})
