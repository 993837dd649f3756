import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { mount } from '@vue/test-utils'
import { defineComponent, ref } from 'vue'
import { beforeEach, expect, it, vi } from 'vitest'
import { client } from '@/client/client.gen'
import { toProblem } from '@/lib/problem'
import { useListings } from './useListings'

let statuses: Record<string, number>

beforeEach(() => {
  statuses = {}
  client.setConfig({
    baseUrl: 'https://carousel.test',
    async fetch(input) {
      const id = new URL((input as Request).url).pathname.split('/').at(-1) ?? ''
      const status = statuses[id] ?? 200
      const body = status === 200 ? { listing_id: id } : { title: 'Not this time', detail: 'no' }
      return Response.json(body, { status })
    },
  })
  client.interceptors.error.fns = []
  client.interceptors.error.use((error, response) => toProblem(error, response?.status))
})

function listingsOf(...ids: string[]) {
  let found: ReturnType<typeof useListings> | undefined
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  mount(
    defineComponent(() => {
      found = useListings(ref(ids))
      return () => null
    }),
    { global: { plugins: [[VueQueryPlugin, { queryClient }]] } },
  )
  if (!found) throw new Error('not mounted')
  const { listings, gone, error, isLoading, refetch } = found
  const ready = () => vi.waitUntil(() => !isLoading.value)
  return { shown: () => listings.value.map(({ listing_id: id }) => id), gone, error, refetch, ready }
}

it('names what is gone, which is no error', async () => {
  statuses = { b: 404 }
  const { shown, gone, error, ready } = listingsOf('a', 'b', 'c')
  await ready()
  expect(shown()).toEqual(['a', 'c'])
  expect(gone.value).toEqual(['b'])
  expect(error.value).toBeUndefined()
})

it('says what failed beside what it has, and asks again for that', async () => {
  statuses = { b: 503 }
  const { shown, gone, error, refetch, ready } = listingsOf('a', 'b')
  await ready()
  expect(gone.value).toEqual([])
  expect(shown()).toEqual(['a'])
  expect(error.value?.status).toBe(503)
  statuses = {}
  await refetch()
  expect(shown()).toEqual(['a', 'b'])
  expect(error.value).toBeUndefined()
})
