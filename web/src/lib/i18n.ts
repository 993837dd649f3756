import type { InjectionKey } from 'vue'
import { createI18n } from 'vue-i18n'
import { messagesOf } from './early'
import { keepLanguage, type Language } from './language'
import english from '@/locales/en'

export { isLanguage, LANGUAGE_NAMES, preferredLanguage, type Language } from './language'

// How each language writes numbers, dates and money.
export const REGIONS: Record<Language, string> = { en: 'en-GB', de: 'de-DE', cs: 'cs-CZ' }

export function createTranslations() {
  return createI18n({
    legacy: false,
    locale: 'en',
    fallbackLocale: 'en', // fills what a translation lacks
    messages: { en: english },
    pluralRules: { cs: czechPlural },
  })
}
export type Translations = ReturnType<typeof createTranslations>
export const TRANSLATIONS: InjectionKey<Translations> = Symbol('translations')

let asked = 0

/** Speak a language from now on, unless another is asked for before its messages come; they are fetched on first use. */
export async function speak(i18n: Translations, language: Language, storage?: Storage): Promise<void> {
  const mine = ++asked
  if (!i18n.global.availableLocales.some((known) => known === language))
    i18n.global.setLocaleMessage(language, await messagesOf(language))
  if (mine !== asked) return
  ;(i18n.global.locale as { value: string }).value = language
  document.documentElement.lang = language
  if (storage) keepLanguage(storage, language)
}

/** Czech has three forms: 1, 2 to 4, the rest (0 as well). */
function czechPlural(choice: number, choices: number): number {
  if (choices < 3) return choice === 1 ? 0 : choices - 1
  return choice === 1 ? 0 : choice >= 2 && choice <= 4 ? 1 : 2
}
