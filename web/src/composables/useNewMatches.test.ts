import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { mount } from '@vue/test-utils'
import { defineComponent, ref } from 'vue'
import { expect, it, vi } from 'vitest'
import { client } from '@/client/client.gen'
import { SESSION, type Session } from '@/lib/session'
import { useNewMatches } from './useNewMatches'

it('counts what each saved search found since it was looked at', async () => {
  const asked: Record<string, string>[] = []
  client.setConfig({
    baseUrl: 'https://carousel.test',
    auth: () => 'token',
    fetch: async (request) => {
      const query = Object.fromEntries(new URL((request as Request).url).searchParams)
      asked.push(query)
      return Response.json({
        total: query.make === 'Kia' ? 2 : 3,
        listings: [],
        facets: {},
        next_cursor: null,
      })
    },
  })
  const searches = [
    { query: { make: 'Kia' }, seenAt: '2026-03-01T08:00:00.000Z' },
    { query: { body: 'suv', sort: 'price_asc' }, seenAt: '2026-03-01T09:00:00.000Z' },
  ]
  localStorage.setItem('carousel.searches', JSON.stringify({ ann: searches }))
  let found: ReturnType<typeof useNewMatches> | undefined
  mount(
    defineComponent(() => {
      found = useNewMatches()
      return () => null
    }),
    {
      global: {
        plugins: [[VueQueryPlugin, { queryClient: new QueryClient() }]],
        provide: { [SESSION as symbol]: { shopper: ref({ shopper_id: 'ann' }) } as unknown as Session },
      },
    },
  )
  expect(found?.counts.value).toEqual([undefined, undefined])
  await vi.waitUntil(() => found?.sum.value === 5)
  expect(found?.counts.value).toEqual([2, 3])
  expect(asked).toEqual([
    { make: 'Kia', sort: 'newest', listed_after: '2026-03-01T08:00:00.000Z', n: '0' },
    { body: 'suv', sort: 'newest', listed_after: '2026-03-01T09:00:00.000Z', n: '0' },
  ])
})
