import ui from '@nuxt/ui/vue-plugin'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { mount } from '@vue/test-utils'
import { createMemoryHistory, createRouter } from 'vue-router'
import { beforeEach, expect, it } from 'vitest'
import ListingCard from './ListingCard.vue'
import { EVENTS, type Tracked } from '@/lib/events'
import type { Listing } from '@/lib/listing'
import type { Place } from '@/lib/place'
import { createSession, SESSION } from '@/lib/session'
import { i18n } from '@/testing/english'

const octavia: Listing = {
  listing_id: 'stock-4711',
  make: 'Škoda',
  model: 'Octavia',
  variant: 'Combi 2.0 TDI',
  model_year: 2021,
  mileage_km: 48_200,
  price_amount: 19990,
  price_currency: 'EUR',
  body_type: 'wagon',
  fuel_type: 'diesel',
  power_kw: 110,
  city: 'Leipzig',
  country: 'DE',
}
const reasons = [{ code: 'body', text: 'Wagon' }]
const attribution = { recommendation_id: 'r1', placement: 'home', position: 3 }

let tracked: Tracked[]
beforeEach(() => {
  tracked = []
  localStorage.clear()
})

async function mountCard(listing: Listing = octavia, home: Place | null = null) {
  const queryClient = new QueryClient()
  queryClient.setQueryData(['home'], home)
  const page = { template: '<main />' }
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: page },
      { path: '/listings/:id', name: 'listing', component: page },
    ],
  })
  await router.push('/')
  const note = (event: Tracked) => void tracked.push(event)
  const events = { track: note, trackNow: async (event: Tracked) => note(event), flush: async () => {} }
  return mount(ListingCard, {
    props: { listing, reasons, attribution },
    global: {
      plugins: [router, ui, i18n, [VueQueryPlugin, { queryClient }]],
      provide: { [EVENTS]: events, [SESSION]: createSession(localStorage) },
    },
  })
}

it('says what the car is, what it costs, where it is and why it is shown', async () => {
  const text = (await mountCard()).text()
  for (const part of [
    'Škoda Octavia',
    'Combi 2.0 TDI',
    '€19,990',
    '2021',
    '48,200\u00a0km',
    'Diesel',
    'Leipzig, Germany',
    'Wagon',
  ]) {
    expect(text).toContain(part)
  }
})

it('says how far away it is from home', async () => {
  const card = await mountCard({ ...octavia, lat: 51.34, lon: 12.37 }, { lat: 52.52, lon: 13.41 })
  expect(card.get('[data-testid=place]').text()).toBe('Leipzig · 149\u00a0km')
})

it('works with a listing that says almost nothing', async () => {
  const card = await mountCard({ listing_id: 'x', make: 'Kia', model: 'Ceed' })
  expect(card.text()).toContain('Price on request')
  expect(card.find('svg').exists()).toBe(true)
})

it('says that a car is not simply on sale', async () => {
  expect((await mountCard({ ...octavia, status: 'sold' })).text()).toContain('Sold')
  expect((await mountCard({ ...octavia, status: 'reserved' })).text()).toContain('Reserved')
  expect((await mountCard({ ...octavia, status: 'active' })).text()).not.toContain('Active')
})

it('tells which slate and position a click came from', async () => {
  const card = await mountCard()
  await card.get('a').trigger('click')
  expect(tracked).toEqual([{ ...attribution, type: 'click', listing_id: 'stock-4711' }])
})

it('can be saved and unsaved', async () => {
  const card = await mountCard()
  const heart = card.get('[aria-label="Save Škoda Octavia"]')
  await heart.trigger('click')
  expect(heart.attributes('aria-pressed')).toBe('true')
  await heart.trigger('click')
  expect(tracked.map((event) => event.type)).toEqual(['favourite', 'unfavourite'])
})

it('asks to be hidden', async () => {
  const card = await mountCard()
  await card.get('[aria-label="Not interested in Škoda Octavia"]').trigger('click')
  expect(card.emitted('hide')).toHaveLength(1)
})
