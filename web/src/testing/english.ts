// The page's texts and formats in English, for tests.
import { createI18n } from 'vue-i18n'
import { createFormat } from '@/lib/format'
import type { Say } from '@/lib/phrases'
import messages from '@/locales/en'

export const i18n = createI18n({ legacy: false, locale: 'en', messages: { en: messages } })
const { t: translate, te } = i18n.global

export const t: Say = (key, values) => translate(key, values ?? {})
export const format = createFormat({ language: () => 'en', text: (key) => t(key), has: (key) => te(key) })
