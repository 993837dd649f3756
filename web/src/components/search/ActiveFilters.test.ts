import ui from '@nuxt/ui/vue-plugin'
import { mount } from '@vue/test-utils'
import { createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, expect, it } from 'vitest'
import ActiveFilters from './ActiveFilters.vue'
import { parse, type SearchState } from '@/lib/search'
import { i18n } from '@/testing/english'

const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: {} }] })
afterEach(() => (document.body.innerHTML = ''))

function chips(state: SearchState) {
  const list = mount(ActiveFilters, {
    props: {
      state,
      facets: {},
      currency: 'EUR',
      onChange: (next: SearchState) => void list.setProps({ state: next }),
    },
    global: { plugins: [i18n, router, ui] },
    attachTo: document.body,
  })
  return list
}
const focused = () => document.activeElement?.textContent?.trim()
const remove = (list: ReturnType<typeof chips>, index: number) =>
  list.findAll('button')[index]?.trigger('click')

it('leaves the keyboard on the next filter when one is removed, then on the last', async () => {
  const list = chips(parse({ make: ['Kia', 'Fiat'], fuel: 'diesel' }))
  await remove(list, 1)
  expect(focused()).toBe('Diesel')
  await remove(list, 1)
  expect(focused()).toBe('Kia')
  expect(list.emitted('gone')).toBeUndefined()
})

it('says that there is none left', async () => {
  const list = chips(parse({ make: 'Kia' }))
  await remove(list, 0)
  expect(list.emitted('gone')).toHaveLength(1)
})

it('takes the keyboard from nobody when filters go otherwise', async () => {
  const list = chips(parse({ make: ['Kia', 'Fiat'] }))
  await list.setProps({ state: parse({ make: 'Kia' }) })
  expect(document.activeElement).toBe(document.body)
})
