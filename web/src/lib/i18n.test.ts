import { beforeEach, expect, it, vi } from 'vitest'
import { createTranslations, speak } from './i18n'

const arrive = new Map<string, (problem?: Error) => void>()
vi.mock('./early', () => ({
  messagesOf: (language: string) =>
    new Promise((resolve, reject) =>
      arrive.set(language, (problem) => (problem ? reject(problem) : resolve({ shell: { language } }))),
    ),
}))

beforeEach(() => {
  localStorage.clear()
  arrive.clear()
})
const spoken = (i18n: ReturnType<typeof createTranslations>) => [
  i18n.global.locale.value,
  document.documentElement.lang,
  localStorage.getItem('carousel.language'),
]

it('speaks the language that was asked for last, whichever comes last', async () => {
  const i18n = createTranslations()
  const first = speak(i18n, 'de', localStorage)
  await speak(i18n, 'en', localStorage)
  arrive.get('de')?.()
  await first
  expect(spoken(i18n)).toEqual(['en', 'en', 'en'])
})

it('goes on in the language of before when another does not come', async () => {
  const i18n = createTranslations()
  await speak(i18n, 'en', localStorage)
  const next = speak(i18n, 'cs', localStorage)
  arrive.get('cs')?.(new Error('no connection'))
  await expect(next).rejects.toThrow()
  expect(spoken(i18n)).toEqual(['en', 'en', 'en'])
})
