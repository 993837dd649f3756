import type { TokenOut } from '../src/client'
import { createStore, type Store } from './store'

/** A token of the marketplace's own log-in, or what gives one (asked again when it has expired). */
export type GivenToken = string | (() => string | Promise<string>)

export class RefusedError extends Error {
  constructor(readonly status: number) {
    super(`carousel: the service answered with status ${status}`)
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return this.status === 401 || this.status === 429 || this.status >= 500
  }
}

export interface Service {
  /** Call the API as the shopper; a refused token is replaced once. */
  request(path: string, init?: RequestInit): Promise<Response>
  /** Speak for another shopper from now on; without a token for an anonymous one. */
  become(given?: GivenToken): Promise<void>
}

/** @param api Where Carousel answers, without a slash at the end. */
export function createService(
  api: string,
  anonymous: Store<TokenOut> = createStore('carousel.session'),
): Service {
  let given: GivenToken | undefined
  let starting: Promise<string> | undefined

  async function start(): Promise<string> {
    const response = await fetch(`${api}/v1/session`, { method: 'POST' })
    if (!response.ok) throw new RefusedError(response.status)
    const session = (await response.json()) as TokenOut
    anonymous.write(session)
    return session.token
  }

  async function token(refused?: string): Promise<string> {
    if (given) return typeof given === 'string' ? given : given()
    const known = anonymous.read()?.token
    if (known && known !== refused) return known
    starting ??= start().finally(() => (starting = undefined)) // requests at once share one session
    return starting
  }

  async function send(path: string, init: RequestInit, bearer: string): Promise<Response> {
    const headers = { ...init.headers, Authorization: `Bearer ${bearer}` }
    return fetch(api + path, { ...init, headers, credentials: 'omit' })
  }

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    const first = await token()
    let response = await send(path, init, first)
    if (response.status === 401) response = await send(path, init, await token(first))
    if (!response.ok) throw new RefusedError(response.status)
    return response
  }

  async function become(next?: GivenToken): Promise<void> {
    given = next
    const before = anonymous.read()
    if (!next || !before) return
    // What was done before logging in follows the shopper, once.
    await request('/v1/me/merge', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token: before.token }),
    })
    anonymous.write(undefined)
  }

  return { request, become }
}
