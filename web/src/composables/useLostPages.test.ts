import { flushPromises, mount } from '@vue/test-utils'
import { defineComponent } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { beforeEach, expect, it, vi } from 'vitest'
import { i18n } from '@/testing/english'
import { messages } from '@/testing/messages'
import { useLostPages } from './useLostPages'

vi.mock('@nuxt/ui/composables', () => import('@/testing/messages'))

const Page = defineComponent(() => () => null)
let isLost: boolean
let assign: ReturnType<typeof vi.spyOn>

async function open(path: string) {
  const lost = () => (isLost ? Promise.reject(new TypeError('Failed to fetch')) : Promise.resolve(Page))
  const history = createMemoryHistory()
  history.replace(path)
  const router = createRouter({
    history,
    routes: [
      { path: '/', component: Page },
      { path: '/taste', component: lost },
    ],
  })
  mount(
    defineComponent(() => {
      useLostPages()
      return () => null
    }),
    { global: { plugins: [i18n, router] } },
  )
  await flushPromises()
  return router
}
const isOnline = (is: boolean) => vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(is)

beforeEach(() => {
  messages.length = 0
  isLost = true
  assign = vi.spyOn(location, 'assign').mockImplementation(() => {})
})

it('loads a page anew whose file is no longer there', async () => {
  isOnline(true)
  const router = await open('/')
  await router.push('/taste?a=b').catch(() => {})
  expect(assign.mock.calls).toEqual([['/taste?a=b']])
  expect(messages).toEqual([])
})

it('does not load the same page again and again', async () => {
  isOnline(true)
  await open('/taste')
  expect(assign).not.toHaveBeenCalled()
  expect(messages.map(({ title }) => title)).toEqual(['No connection'])
})

it('says without a network that there is none, and tries again', async () => {
  isOnline(false)
  const router = await open('/')
  await router.push('/taste').catch(() => {})
  const [message] = messages
  expect(message?.actions?.[0]?.label).toBe('Try again')
  isLost = false
  message?.actions?.[0]?.onClick()
  await vi.waitUntil(() => router.currentRoute.value.path === '/taste')
  expect(assign).not.toHaveBeenCalled()
})
