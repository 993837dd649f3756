import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { mount } from '@vue/test-utils'
import { defineComponent, nextTick, ref } from 'vue'
import { beforeEach, expect, it, vi } from 'vitest'
import { EVENTS, type Tracked } from '@/lib/events'
import { store, storedAs } from '@/lib/kept'
import { SESSION, type Session } from '@/lib/session'
import { i18n } from '@/testing/english'
import { useHide, without } from './useHide'

interface Message {
  title: string
  actions: { label: string; onClick: () => void }[]
}
const messages: Message[] = []
vi.mock('@nuxt/ui/composables', () => ({
  useToast: () => ({ add: (message: Message) => messages.push(message) }),
}))

const kia = { listing_id: 'k', make: 'Kia', model: 'Ceed' }
let tracked: Tracked[]
let queries: QueryClient

beforeEach(() => {
  messages.length = 0
  localStorage.clear()
  tracked = []
  queries = new QueryClient()
})

function hide() {
  const note = (event: Tracked) => void tracked.push(event)
  const events = { track: note, trackNow: async (event: Tracked) => note(event), flush: async () => {} }
  return mount(
    defineComponent(() => {
      useHide().hide(kia)
      return () => null
    }),
    {
      global: {
        plugins: [i18n, [VueQueryPlugin, { queryClient: queries }]],
        provide: {
          [EVENTS as symbol]: events,
          [SESSION as symbol]: { shopper: ref({ shopper_id: 'ann' }) } as unknown as Session,
        },
      },
    },
  )
}
const press = (label: string) =>
  messages
    .at(-1)
    ?.actions.find((action) => action.label === label)
    ?.onClick()
const told = () => tracked.map(({ type, reason }) => (reason ? `${type} ${reason}` : type))

it('asks why, with every reason the service knows', () => {
  hide()
  expect(messages[0]?.actions.map(({ label }) => label)).toEqual([
    'Undo',
    'Too dear',
    'Too many kilometres',
    'Not this brand',
    'Seen already',
    'Something else',
  ])
})

it('blames only what was said, and can still be undone', async () => {
  hide()
  press('Too many kilometres')
  await vi.waitUntil(() => messages.length === 2)
  expect(told()).toEqual(['hide', 'unhide', 'hide mileage'])
  press('Undo')
  await vi.waitUntil(() => tracked.length === 4)
  expect(told().at(-1)).toBe('unhide')
})

it('puts the car back where it was, and asks again only for what has changed meanwhile', async () => {
  const fiat = { listing_id: 'f', make: 'Fiat', model: '500' }
  const whole = { pages: [{ listings: [fiat] }, { listings: [kia, fiat] }] }
  queries.setQueryData(['search'], whole)
  queries.setQueryData(['rows'], { rows: [{ listings: [kia] }] })
  hide()
  expect(queries.getQueryData(['search'])).toEqual({ pages: [{ listings: [fiat] }, { listings: [fiat] }] })
  expect(queries.getQueryData(['rows'])).toEqual({ rows: [{ listings: [] }] })
  queries.setQueryData(['rows'], { rows: [{ listings: [fiat] }] })
  press('Undo')
  expect(queries.getQueryData(['search'])).toEqual(whole)
  await vi.waitUntil(() => queries.getQueryState(['rows'])?.isInvalidated)
  expect(queries.getQueryState(['search'])?.isInvalidated).toBe(false)
})

it('takes the car out of the lists of this device, and puts it back in its place', async () => {
  const names = ['favourites', 'compare', 'recent']
  const kept = () => names.map((name) => JSON.parse(localStorage.getItem(storedAs(name)) ?? '{}').ann)
  for (const name of names) store(localStorage, storedAs(name), JSON.stringify({ ann: ['a', 'k', 'b'] }))
  await nextTick()
  hide().unmount() // its page was left for the one before
  await nextTick()
  expect(kept()).toEqual(Array(3).fill(['a', 'b']))
  press('Undo')
  await nextTick()
  expect(kept()).toEqual(Array(3).fill(['a', 'k', 'b']))
})

it('takes a listing out of an answer and leaves other answers alone', () => {
  const other = { listings: [{ listing_id: 'x' }] }
  expect(without(other, 'k')).toBe(other)
  expect(without({ listings: [kia, ...other.listings] }, 'k')).toEqual(other)
})
