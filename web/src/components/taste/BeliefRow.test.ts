import ui from '@nuxt/ui/vue-plugin'
import { mount } from '@vue/test-utils'
import { createMemoryHistory, createRouter } from 'vue-router'
import { expect, it } from 'vitest'
import BeliefRow from './BeliefRow.vue'
import type { Language } from '@/lib/i18n'
import { createTranslations, speak } from '@/lib/i18n'
import type { Belief } from '@/lib/profile'

const suv: Belief = { block: 'body', value: 'suv', text: 'SUV', weight: 4 }

async function mountRow(belief: Belief, language: Language = 'en') {
  const i18n = createTranslations()
  await speak(i18n, language)
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: {} }] })
  return mount(BeliefRow, { props: { belief }, global: { plugins: [i18n, router, ui] } })
}

it('says how often a thing is chosen, how sure that is and between what it lies', async () => {
  const text = (await mountRow({ ...suv, lift: Math.log(3), low: Math.log(2), high: Math.log(4.5) })).text()
  expect(text).toContain('3× as often as offered · clear')
  expect(text).toContain('between 2× and 4.5×')
})

it('says it in German too', async () => {
  const row = await mountRow({ ...suv, lift: Math.log(2.5), low: -0.1, high: 2 }, 'de')
  expect(row.text()).toContain('2,5× so oft wie angeboten · erste Vermutung')
})

it('promises no range where nothing was looked at', async () => {
  const text = (await mountRow({ ...suv, weight: 0, stated: 'more' })).text()
  expect(text).toContain('you said so')
  expect(text).not.toContain('between')
})

it('says that something is rather not wanted', async () => {
  expect((await mountRow({ ...suv, weight: -2, lift: 0, low: -1, high: 1 })).text()).toContain('rather not')
})

it('tells which level was chosen, and that it was taken back', async () => {
  const row = await mountRow({ ...suv, stated: 'less' })
  await row.get('[aria-label="Only: SUV"]').trigger('click')
  await row.get('[aria-label="Less: SUV"]').trigger('click')
  await row.get('[aria-label="Forget SUV"]').trigger('click')
  expect(row.emitted('choose')).toEqual([
    ['only', 'SUV'],
    [null, 'SUV'],
  ])
  expect(row.emitted('forget')).toEqual([['SUV']])
  expect(row.get('[aria-label="Less: SUV"]').attributes('aria-pressed')).toBe('true')
})
