import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, it, vi } from 'vitest'
import ListingGrid from './ListingGrid.vue'
import type { Listing } from '@/lib/listing'
import { EVENTS } from '@/lib/events'
import { i18n } from '@/testing/english'

const NoObserver = class {
  observe() {}
  unobserve() {}
  disconnect() {}
}
beforeEach(() => {
  vi.stubGlobal('IntersectionObserver', NoObserver)
  document.body.innerHTML = '<main id="main" tabindex="-1"></main>'
})
afterEach(() => vi.unstubAllGlobals())

const listingsOf = (ids: string[]) => ids.map((id) => ({ listing_id: id }) as Listing)

function grid(ids: string[]) {
  const list = mount(ListingGrid, {
    props: {
      listings: listingsOf(ids),
      attribution: {},
      onHide: ({ listing_id: id }: Listing) =>
        void list.setProps({ listings: listingsOf(ids.filter((other) => other !== id)) }),
    },
    global: {
      plugins: [i18n],
      provide: { [EVENTS as symbol]: { track: () => {} } },
      stubs: {
        ListingSlot: {
          props: ['listing'],
          emits: ['hide'],
          template: '<p><a href="/" :id="listing.listing_id" /><button @click="$emit(\'hide\')" /></p>',
        },
      },
    },
    attachTo: document.body,
  })
  return list
}

it('leaves the keyboard on the car that took the place of a hidden one', async () => {
  await grid(['a', 'b', 'c']).findAll('button')[1]?.trigger('click')
  await vi.waitUntil(() => document.activeElement?.id === 'c')
})

it('leaves it on the one before when the last is hidden, and on the page when there is none', async () => {
  await grid(['a', 'b']).findAll('button')[1]?.trigger('click')
  await vi.waitUntil(() => document.activeElement?.id === 'a')
  await grid(['x']).find('button').trigger('click')
  await vi.waitUntil(() => document.activeElement?.id === 'main')
})
