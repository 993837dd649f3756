import ui from '@nuxt/ui/vue-plugin'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { mount } from '@vue/test-utils'
import { createMemoryHistory, createRouter } from 'vue-router'
import { expect, it } from 'vitest'
import MoreLikeThis from './MoreLikeThis.vue'
import { i18n } from '@/testing/english'

const page = { template: '<main />' }

it('looks for cheaper cars in the currency of the car', async () => {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: page },
      { path: '/search', name: 'search', component: page },
    ],
  })
  const queryClient = new QueryClient()
  queryClient.setQueryData(['home'], null)
  const listing = {
    listing_id: 'x',
    make: 'Škoda',
    model: 'Octavia',
    price_amount: 253_900,
    price_currency: 'CZK',
  }
  const links = mount(MoreLikeThis, {
    props: { listing },
    global: { plugins: [router, ui, i18n, [VueQueryPlugin, { queryClient }]] },
  })
  expect(links.get('a').attributes('href')).toBe('/search?max_price=228510&currency=CZK')
})
