import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { defineComponent, ref } from 'vue'
import { expect, it, vi } from 'vitest'
import { client } from '@/client/client.gen'
import { parse } from '@/lib/search'
import { useSearch } from './useSearch'

it('has no answer to a range that makes no sense, and waits for none', async () => {
  client.setConfig({
    baseUrl: 'https://carousel.test',
    auth: () => 'token',
    fetch: async () => Response.json({ total: 7, listings: [], facets: { make: [] }, next_cursor: null }),
  })
  const state = ref(parse({ make: 'Kia' }))
  let search: ReturnType<typeof useSearch> | undefined
  mount(
    defineComponent(() => {
      search = useSearch(state)
      return () => null
    }),
    { global: { plugins: [[VueQueryPlugin, { queryClient: new QueryClient() }]] } },
  )
  await vi.waitUntil(() => search?.answer.value)
  expect(search?.answer.value?.total).toBe(7)
  state.value = parse({ make: 'Kia', min_price: '9000', max_price: '5000' })
  await flushPromises()
  expect(search?.answer.value).toBeUndefined()
  expect(search?.isStale.value).toBe(false)
  expect(search?.first.value?.facets).toEqual({ make: [] }) // what can be chosen stays
})
