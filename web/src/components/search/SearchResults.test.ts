import { flushPromises, mount } from '@vue/test-utils'
import { computed, ref } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { expect, it, vi } from 'vitest'
import SearchResults from './SearchResults.vue'
import type { useSearch } from '@/composables/useSearch'
import { ProblemError } from '@/lib/problem'
import { parse } from '@/lib/search'
import { i18n } from '@/testing/english'

vi.mock('@/composables/useHide', () => ({ useHide: () => ({ hide: () => {} }) }))

const router = createRouter({
  history: createMemoryHistory(),
  routes: [{ path: '/', component: {} }],
})
const down = new ProblemError(503, 'Temporarily unavailable', 'retry')

function results({ isLoaded = true, isMore = false } = {}) {
  const ceed = { make: 'Kia', model: 'Ceed' }
  const listings = ref(isLoaded ? [{ listing_id: 'k', ...ceed }] : [])
  const fetchNextPage = vi.fn(async () => void listings.value.push({ listing_id: 'l', ...ceed }))
  const refetch = vi.fn()
  const focusPlace = vi.fn()
  const search = {
    listings: computed(() => listings.value),
    first: ref(isLoaded ? { total: 30, listings: [] } : undefined),
    error: ref(down),
    hasNextPage: ref(true),
    isFetchingNextPage: ref(false),
    isFetchNextPageError: ref(isMore),
    isStale: ref(false),
    fetchNextPage,
    refetch,
  } as unknown as ReturnType<typeof useSearch>
  const page = mount(SearchResults, {
    props: { search, state: parse({}) },
    global: {
      plugins: [i18n, router],
      stubs: {
        ListingGrid: { template: '<ul />', setup: () => ({ focusPlace }) },
        ProblemAlert: { template: '<p role="alert" @click="$emit(\'retry\')" />' },
        UButton: { template: '<button><slot /></button>' },
      },
    },
  })
  return { page, fetchNextPage, refetch, focusPlace }
}

it('keeps what is there when asking for it again fails', () => {
  const { page } = results()
  expect(page.find('ul').exists()).toBe(true)
  expect(page.find('[role=alert]').exists()).toBe(false)
  expect(page.find('button').text()).toBe('Load more')
})

it('says below what is there that more of it did not come, and tries again', async () => {
  const { page, fetchNextPage } = results({ isMore: true })
  expect(page.find('ul').exists()).toBe(true)
  await page.find('[role=alert]').trigger('click')
  expect(fetchNextPage).toHaveBeenCalledOnce()
})

it('leaves the keyboard on the first car that came', async () => {
  const { page, focusPlace } = results()
  await page.find('button').trigger('click')
  await flushPromises()
  expect(focusPlace.mock.calls).toEqual([[1]])
})

it('says so in place of the cars when there are none', async () => {
  const { page, refetch } = results({ isLoaded: false })
  expect(page.find('ul').exists()).toBe(false)
  await page.find('[role=alert]').trigger('click')
  expect(refetch).toHaveBeenCalledOnce()
})
