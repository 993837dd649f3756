import { flushPromises, mount } from '@vue/test-utils'
import { defineComponent } from 'vue'
import { beforeEach, expect, it, vi } from 'vitest'
import { client } from '@/client/client.gen'
import { EVENTS } from '@/lib/events'
import { createSession, SESSION } from '@/lib/session'
import { i18n } from '@/testing/english'
import { useMyData } from './useMyData'
import { useCompare } from './useShopperList'

vi.mock('@nuxt/ui/composables', () => ({ useToast: () => ({ add: () => {} }) }))

beforeEach(() => {
  localStorage.clear()
  client.setConfig({
    baseUrl: 'https://carousel.test',
    fetch: async () => Response.json({ receipt_id: 'r' }),
  })
})

it('leaves nothing of who is erased on the device but the language, also of what is on screen', async () => {
  localStorage.setItem('carousel.language', 'de')
  localStorage.setItem('carousel.session', JSON.stringify({ token: 't', shopper_id: 'a', name: null }))
  localStorage.setItem('carousel.searches', '{"a": []}')
  let page: { data: ReturnType<typeof useMyData>; list: ReturnType<typeof useCompare> } | undefined
  mount(
    defineComponent(() => {
      page = { data: useMyData(), list: useCompare() }
      return () => null
    }),
    {
      global: {
        plugins: [i18n],
        provide: {
          [SESSION as symbol]: createSession(localStorage),
          [EVENTS as symbol]: { track: () => {}, trackNow: async () => {}, flush: async () => {} },
        },
      },
    },
  )
  page?.list.add('x')
  await flushPromises()
  expect(localStorage.getItem('carousel.compare')).toContain('x')
  await page?.data.erase()
  await flushPromises()
  expect(page?.data.receipt.value).toEqual({ receipt_id: 'r' })
  expect({ ...localStorage }).toEqual({ 'carousel.language': 'de', 'carousel.compare': '{}' })
  expect(page?.list.ids.value).toEqual([])
})
