import type { TokenOut } from '@/client'
import { keepTheme } from './theme'
import { preferredLanguage, type Language } from './language'
import { library, pageAt } from './pages'

/**
 * What the first page needs, asked for while the app itself is still on its way: this file is loaded beside it and
 * imports nothing large. The app takes each answer instead of asking again (`takeEarly`).
 */
export const STORED_SESSION = 'carousel.session'
export const HOME_SIZE = 12
export const PAGE_SIZE = 24

const TASTE = '/v1/me/taste'
const ROWS = `/v1/recommendations/rows?placement=home&n=${HOME_SIZE}`
const SEARCH = `/v1/listings?sort=recommended&n=${PAGE_SIZE}`
const JSON_HEADERS = { 'Content-Type': 'application/json' }
const MESSAGES = import.meta.glob<{ default: Record<string, object> }>([
  '../locales/*/index.ts',
  '!../locales/en/index.ts', // part of the app
])
const answers = new Map<string, Promise<Response>>()
const messages = new Map<Language, Promise<Record<string, object>>>()

export function startEarly(): void {
  // Without it the router's file begins with an exception, which costs 60 ms (docs/benchmarks.md).
  sessionStorage['vue-router:scroll'] ??= '{}'
  keepTheme(localStorage, document.documentElement)
  const language = preferredLanguage(localStorage, navigator.languages)
  if (language !== 'en') void messagesOf(language).catch(() => {}) // the app asks again, and says what is wrong
  const token = readSession(localStorage.getItem(STORED_SESSION))?.token
  const bearer = token ? Promise.resolve(token) : newSession()
  for (const path of neededAt(location))
    keep(
      `GET ${path}`,
      bearer.then((known) => fetch(path, { headers: { Authorization: `Bearer ${known}` } })).then(whole),
    )
  // The router would ask only when the app has come and begun; it asks again, and says what is wrong.
  const page = pageAt(location.pathname)
  if (page) Promise.all([page(), library()]).catch(() => {})
  // The first number format of a browser's process takes 40 to 90 ms, on whichever of its threads it is made.
  new Worker(new URL('./numbers.worker.ts', import.meta.url), { type: 'module' })
}

/** The answer to a request that was made early and went well; each is given once. */
export async function takeEarly({ method, url }: Request): Promise<Response | undefined> {
  const { pathname, search } = new URL(url)
  const key = `${method} ${pathname}${search}`
  const answer = answers.get(key)
  answers.delete(key)
  const response = await answer?.catch(() => undefined)
  return response?.ok ? response : undefined
}

/** The texts of a language other than English. */
export function messagesOf(language: Language): Promise<Record<string, object>> {
  const fetched =
    messages.get(language) ??
    Promise.resolve(MESSAGES[`../locales/${language}/index.ts`]?.()).then((module) => module?.default ?? {})
  messages.set(language, fetched)
  fetched.catch(() => messages.delete(language))
  return fetched
}

/** Who is shopping, from what is stored; `null` for nobody or for what somebody else wrote there. */
export function readSession(stored: string | null): TokenOut | null {
  try {
    const value: unknown = JSON.parse(stored ?? 'null')
    return typeof value === 'object' && value !== null && 'token' in value && 'shopper_id' in value
      ? (value as TokenOut)
      : null
  } catch {
    return null
  }
}

function neededAt({ pathname: path, search }: Location): string[] {
  if (path === '/search' && !search) return [SEARCH]
  if (path === '/') return [ROWS, TASTE]
  if (path === '/taste') return [TASTE]
  return /^\/listings\/[^/]+$/.test(path) ? [`/v1${path}`] : []
}

async function newSession(): Promise<string> {
  const answer = post('/v1/session')
  keep(
    'POST /v1/session',
    answer.then(({ status, responseText }) => new Response(responseText, { status, headers: JSON_HEADERS })),
  )
  const { status, responseText } = await answer
  if (status >= 300) throw new Error('no session')
  return (JSON.parse(responseText) as TokenOut).token
}

/** Not by fetch, whose answer comes in three turns of the page's thread, with much of the app built between them. */
function post(path: string): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.onload = () => resolve(request)
    request.onerror = () => reject(new Error('no connection'))
    request.open('POST', path)
    request.send()
  })
}

/** Read to its end now; once the app is being built, the rest of it would wait until that is done. */
const whole = async (answer: Response) => new Response(await answer.arrayBuffer(), answer)

function keep(key: string, answer: Promise<Response>): void {
  answer.catch(() => {}) // whoever takes it asks again
  answers.set(key, answer)
}
