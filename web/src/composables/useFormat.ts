import { useI18n } from 'vue-i18n'
import { createFormat, type Format } from '@/lib/format'
import { isLanguage } from '@/lib/i18n'

/** Numbers, money, dates and the catalogue's codes in the language of the page. */
export function useFormat(): Format {
  const { locale, t, te } = useI18n()
  const language = () => (isLanguage(locale.value) ? locale.value : 'en')
  return createFormat({ language, text: (key) => t(key), has: (key) => te(key) || te(key, 'en') })
}
