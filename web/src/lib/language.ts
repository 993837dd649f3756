/** As each calls itself. */
export const LANGUAGE_NAMES = { en: 'English', de: 'Deutsch', cs: 'Čeština' }
export type Language = keyof typeof LANGUAGE_NAMES

const STORED_AS = 'carousel.language'

export const isLanguage = (code: string): code is Language => Object.hasOwn(LANGUAGE_NAMES, code)

/** The language chosen before, else the first of the browser's that we speak, else English. */
export function preferredLanguage(storage: Storage, spoken: readonly string[]): Language {
  const codes = [storage.getItem(STORED_AS) ?? '', ...spoken.map((tag) => tag.slice(0, 2).toLowerCase())]
  return codes.find(isLanguage) ?? 'en'
}

export const keepLanguage = (storage: Storage, language: Language) => storage.setItem(STORED_AS, language)
