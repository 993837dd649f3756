import ui from '@nuxt/ui/vue-plugin'
import { mount } from '@vue/test-utils'
import { createMemoryHistory, createRouter } from 'vue-router'
import { expect, it } from 'vitest'
import CompareTable from './CompareTable.vue'
import { i18n } from '@/testing/english'

it('says at the head of a column that its car is sold', () => {
  const page = { template: '<main />' }
  const routes = [
    { path: '/', component: page },
    { path: '/listings/:id', name: 'listing', component: page },
  ]
  const router = createRouter({ history: createMemoryHistory(), routes })
  const kia = { listing_id: 'k', make: 'Kia', model: 'Ceed', status: 'active' } as const
  const fiat = { listing_id: 'f', make: 'Fiat', model: '500', status: 'sold' } as const
  const table = mount(CompareTable, {
    props: { listings: [kia, fiat], onlyDifferences: true },
    global: { plugins: [router, ui, i18n] },
  })
  expect(table.findAll('th[scope=col]').map((head) => head.text().includes('Sold'))).toEqual([false, true])
  expect(table.text()).not.toContain('Active')
})
