import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { mount } from '@vue/test-utils'
import { defineComponent } from 'vue'
import { expect, it, vi } from 'vitest'
import { myTasteOptions, recommendOptions } from '@/client/@tanstack/vue-query.gen'
import { homeRows } from '@/lib/home'
import type { LiveHandlers } from './useLive'
import { BESIDE_A_CAR, useLiveQueries } from './useLiveQueries'

const live = vi.hoisted(() => ({ handlers: undefined as LiveHandlers | undefined }))
vi.mock('./useLive', () => ({ useLive: (handlers: LiveHandlers) => (live.handlers = handlers) }))

it('asks again for what follows the taste, but not for what stands beside the open car', () => {
  const queries = new QueryClient()
  const beside = recommendOptions({ query: { placement: BESIDE_A_CAR, listing_id: 'k', n: 8 } }).queryKey
  const keys = [homeRows().queryKey, myTasteOptions().queryKey, beside]
  for (const key of keys) queries.setQueryData<unknown>(key, { listings: [{ listing_id: 'x' }] })
  mount(
    defineComponent(() => {
      useLiveQueries()
      return () => null
    }),
    { global: { plugins: [[VueQueryPlugin, { queryClient: queries }]] } },
  )
  const outdated = () => keys.map((key) => queries.getQueryState(key)?.isInvalidated)

  void live.handlers?.back()
  expect(outdated()).toEqual([true, true, false])

  vi.useFakeTimers()
  live.handlers?.listing('x') // a sold car leaves it all the same
  vi.runAllTimers()
  expect(outdated()).toEqual([true, true, true])
})
