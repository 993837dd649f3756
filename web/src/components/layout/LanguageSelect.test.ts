import { flushPromises, mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import LanguageSelect from './LanguageSelect.vue'
import { createTranslations, TRANSLATIONS } from '@/lib/i18n'
import { messages } from '@/testing/messages'

vi.mock('@nuxt/ui/composables', () => import('@/testing/messages'))
vi.mock('@/lib/early', () => ({ messagesOf: () => Promise.reject(new TypeError('Failed to fetch')) }))

it('says that a language could not be loaded, and shows the one that is spoken', async () => {
  const i18n = createTranslations()
  const select = mount(LanguageSelect, {
    global: { plugins: [i18n], provide: { [TRANSLATIONS as symbol]: i18n } },
  }).get('select')
  await select.setValue('de')
  await flushPromises()
  expect(select.element.value).toBe('en')
  expect(messages.map(({ title }) => title)).toEqual(['Deutsch could not be loaded'])
})
