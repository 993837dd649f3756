import ui from '@nuxt/ui/vue-plugin'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { enableAutoUnmount, mount } from '@vue/test-utils'
import { nextTick, ref } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import ComparePage from './ComparePage.vue'
import { client } from '@/client/client.gen'
import { store, storedAs } from '@/lib/kept'
import { toProblem } from '@/lib/problem'
import { SESSION, type Session } from '@/lib/session'
import { i18n } from '@/testing/english'

enableAutoUnmount(afterEach)

beforeEach(() => {
  client.setConfig({
    baseUrl: 'https://carousel.test',
    async fetch(input) {
      const id = new URL((input as Request).url).pathname.split('/').at(-1) ?? ''
      if (id.startsWith('gone')) return Response.json({ title: 'Not found', detail: 'no' }, { status: 404 })
      return Response.json({ listing_id: id, make: 'Kia', model: 'Ceed' })
    },
  })
  client.interceptors.error.fns = []
  client.interceptors.error.use((error, response) => toProblem(error, response?.status))
})

async function compare(...ids: string[]) {
  store(localStorage, storedAs('compare'), JSON.stringify({ ann: ids }))
  await nextTick()
  const page = { template: '<main />' }
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: page },
      { path: '/search', component: page },
      { path: '/listings/:id', name: 'listing', component: page },
    ],
  })
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const session = { shopper: ref({ shopper_id: 'ann' }) } as unknown as Session
  return mount(ComparePage, {
    attachTo: document.body,
    global: {
      plugins: [router, ui, i18n, [VueQueryPlugin, { queryClient }]],
      provide: { [SESSION as symbol]: session },
    },
  })
}
const button = (page: Awaited<ReturnType<typeof compare>>, label: string) =>
  page.findAll('button').find((one) => one.text() === label)

it('says how many cars are gone, and gives their places back', async () => {
  const page = await compare('a', 'gone1', 'gone2')
  await vi.waitUntil(() => page.text().includes('2 cars are no longer offered'))
  await vi.waitUntil(() => page.findAll('th[scope=col]').length === 1)
  await button(page, 'Remove from the list')?.trigger('click')
  expect(page.text()).not.toContain('no longer offered')
  expect(JSON.parse(localStorage.getItem(storedAs('compare')) ?? '{}').ann).toEqual(['a'])
  expect(document.activeElement?.textContent?.trim()).toBe('Compare')
})

it('is no dead end when every car is gone', async () => {
  const page = await compare('gone1')
  await vi.waitUntil(() => page.text().includes('1 car is no longer offered'))
  expect(page.text()).toContain('Nothing to compare yet')
  expect(page.find('table').exists()).toBe(false)
})
