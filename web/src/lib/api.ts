import { QueryClient } from '@tanstack/vue-query'
import type { Client } from '@/client/client'
import { takeEarly } from './early'
import { ProblemError, toProblem } from './problem'
import type { Session } from './session'

const BEARER = 'Bearer '
const RETRIES = 2
const PATIENCE_MS = 20_000
const TIMEOUT = 'TimeoutError'
const STREAM = '/v1/live' // has no end
const OF_ONE = /^\/v1\/(events|me)\b/

/** Give the generated client its token, a new session when the old one is refused, and one kind of error. */
export function connect(client: Client, session: Session): void {
  client.setConfig({ auth: () => session.token(), fetch: withFreshToken(session) })
  client.interceptors.error.use((error, response) => {
    const problem = toProblem(error, response?.status)
    if (problem !== error) problem.cause = error
    return problem
  })
}

function withFreshToken(session: Session): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const { pathname } = new URL(request.url)
    const signal = pathname === STREAM ? request.signal : patient(request.signal)
    const refused = request.headers.get('Authorization')
    const again = request.clone()
    const response =
      (await Promise.race([takeEarly(request), over(signal)])) ?? (await fetch(request, { signal }))
    if (response.status !== 401 || !refused?.startsWith(BEARER)) return response
    const old = refused.slice(BEARER.length)
    // What a shopper did or changes is never said as another; a visitor's next session is their own.
    const { token, name } = session.shopper.value ?? {}
    const isAnothers = token !== old || Boolean(name)
    const next = await session.renew(old)
    if (isAnothers && request.method !== 'GET' && OF_ONE.test(pathname)) return response
    again.headers.set('Authorization', BEARER + next)
    return fetch(again, { signal })
  }
}

/** A request's signal, and the end of patience. */
function patient(signal: AbortSignal): AbortSignal {
  const either = new AbortController()
  const timer = setTimeout(() => either.abort(new DOMException('No answer', TIMEOUT)), PATIENCE_MS)
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    either.abort(signal.reason)
  })
  return either.signal
}

/** Without an answer, when it is too late for one. */
const over = (signal: AbortSignal) =>
  new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)))

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        gcTime: 10 * 60_000,
        // Whoever has waited so long is told.
        retry: (failures, error) =>
          failures < RETRIES && error instanceof ProblemError && error.isPassing && !isTimeout(error.cause),
      },
    },
  })
}

const isTimeout = (cause: unknown) => cause instanceof DOMException && cause.name === TIMEOUT

/** Which call of the generated client a query is. */
export function idOf([key]: readonly unknown[]): string {
  return typeof key === 'object' && key !== null && '_id' in key ? String(key._id) : ''
}

declare module '@tanstack/vue-query' {
  interface Register {
    defaultError: ProblemError
  }
}
