import type { TokenOut } from '../src/client'
import { createStore, type Store } from './store'

/** A token of the marketplace's own log-in, or what gives one (asked again when it has expired). */
export type GivenToken = string | (() => string | Promise<string>)

export class RefusedError extends Error {
  /** Whether the same request may succeed later. */
  readonly isPassing: boolean

  constructor(readonly status: number) {
    super(`carousel: the service answered with status ${status}`)
    this.isPassing = status === 401 || status === 429 || status >= 500
  }
}

export interface Service {
  /** Call the API as the shopper; a refused token is replaced once. */
  request(path: string, init?: RequestInit): Promise<Response>
  /** Speak for another shopper from now on; without a token for an anonymous one. */
  become(given?: GivenToken): Promise<void>
  /** Whom we speak for: an account by its name ('' until there is a token of it), or null for an anonymous one. */
  owner(): string | null
}

/** A request that says something. */
export const post = (body: unknown) => ({ method: 'POST', body: JSON.stringify(body) })

/** Tokens are renewed, so an account is known by their subject. */
function nameOf(token: string): string {
  try {
    const [, claims = ''] = token.replaceAll('-', '+').replaceAll('_', '/').split('.')
    return (JSON.parse(atob(claims)) as { sub: string }).sub
  } catch {
    return token // none that the service takes
  }
}

/** @param api Where Carousel answers, without a slash at the end. */
export function createService(
  api: string,
  anonymous: Store<TokenOut> = createStore('carousel.session'),
): Service {
  let given: GivenToken | undefined
  let held = '' // what it gave last
  let starting: Promise<string> | undefined

  async function start(): Promise<string> {
    const response = await fetch(`${api}/v1/session`, { method: 'POST' })
    if (!response.ok) throw new RefusedError(response.status)
    const session = (await response.json()) as TokenOut
    anonymous.write(session)
    return session.token
  }

  async function token(refused?: string): Promise<string> {
    if (given) {
      if (!held || held === refused) held = typeof given === 'string' ? given : await given()
      return held
    }
    const known = anonymous.read()?.token
    if (known && known !== refused) return known
    starting ??= start().finally(() => (starting = undefined)) // requests at once share one session
    return starting
  }

  function send(path: string, init: RequestInit, bearer: string): Promise<Response> {
    const headers = { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' }
    return fetch(api + path, { credentials: 'omit', headers, ...init })
  }

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    const whose = given
    const first = await token()
    let response = await send(path, init, first)
    if (response.status === 401) {
      const next = await token(first)
      // The site may have another shopper by now, whose request this is not.
      if (whose === given && (!given || nameOf(first) === nameOf(next)))
        response = await send(path, init, next)
    }
    if (!response.ok) throw new RefusedError(response.status)
    return response
  }

  async function become(next?: GivenToken): Promise<void> {
    given = next
    held = ''
    if (!next) return
    await token()
    const before = anonymous.read()
    if (!before) return
    // What was done before logging in follows the shopper, once.
    await request('/v1/me/merge', post({ token: before.token }))
    anonymous.write(undefined)
  }

  return { request, become, owner: () => (given ? nameOf(held) : null) }
}
