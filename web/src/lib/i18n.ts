import type { InjectionKey } from 'vue'
import { createI18n } from 'vue-i18n'

export const LANGUAGES = ['en', 'de', 'cs'] as const
export type Language = (typeof LANGUAGES)[number]

const STORED_AS = 'carousel.language'
// How each language writes numbers, dates and money.
export const REGIONS: Record<Language, string> = { en: 'en-GB', de: 'de-DE', cs: 'cs-CZ' }

const MESSAGES = import.meta.glob<{ default: Record<string, object> }>('../locales/*/index.ts')

export const isLanguage = (code: string): code is Language => LANGUAGES.some((known) => known === code)

/** The language chosen before, else the first of the browser's that we speak, else English. */
export function preferredLanguage(storage: Storage, spoken: readonly string[]): Language {
  const codes = [storage.getItem(STORED_AS) ?? '', ...spoken.map((tag) => tag.slice(0, 2).toLowerCase())]
  return codes.find(isLanguage) ?? 'en'
}

export function createTranslations() {
  return createI18n({ legacy: false, locale: 'en', fallbackLocale: 'en', pluralRules: { cs: czechPlural } })
}
export type Translations = ReturnType<typeof createTranslations>
export const TRANSLATIONS: InjectionKey<Translations> = Symbol('translations')

/** Speak a language from now on; its messages are fetched on first use. */
export async function speak(i18n: Translations, language: Language, storage?: Storage): Promise<void> {
  // English fills what a translation lacks.
  for (const needed of new Set<Language>(['en', language])) {
    if (i18n.global.availableLocales.some((known) => known === needed && hasMessages(i18n, known))) continue
    const messages = await MESSAGES[`../locales/${needed}/index.ts`]?.()
    if (messages) i18n.global.setLocaleMessage(needed, messages.default)
  }
  ;(i18n.global.locale as { value: string }).value = language
  document.documentElement.lang = language
  storage?.setItem(STORED_AS, language)
}

function hasMessages(i18n: Translations, language: string): boolean {
  return Object.keys(i18n.global.getLocaleMessage(language)).length > 0
}

/** Czech has three forms: 1, 2 to 4, the rest (0 as well). */
function czechPlural(choice: number, choices: number): number {
  if (choices < 3) return choice === 1 ? 0 : choices - 1
  return choice === 1 ? 0 : choice >= 2 && choice <= 4 ? 1 : 2
}
