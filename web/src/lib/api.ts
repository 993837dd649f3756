import { QueryClient } from '@tanstack/vue-query'
import type { Client } from '@/client/client'
import { takeEarly } from './early'
import { ProblemError, toProblem } from './problem'
import type { Session } from './session'

const BEARER = 'Bearer '
const RETRIES = 2

/** Give the generated client its token, a new session when the old one is refused, and one kind of error. */
export function connect(client: Client, session: Session): void {
  client.setConfig({ auth: () => session.token(), fetch: withFreshToken(session) })
  client.interceptors.error.use((error, response) => toProblem(error, response?.status))
}

function withFreshToken(session: Session): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const refused = request.headers.get('Authorization')
    const again = request.clone()
    const response = (await takeEarly(request)) ?? (await fetch(request))
    if (response.status !== 401 || !refused?.startsWith(BEARER)) return response
    again.headers.set('Authorization', BEARER + (await session.renew(refused.slice(BEARER.length))))
    return fetch(again)
  }
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        gcTime: 10 * 60_000,
        retry: (failures, error) => failures < RETRIES && error instanceof ProblemError && error.isPassing,
      },
    },
  })
}

/** Which call of the generated client a query is. */
export function idOf([key]: readonly unknown[]): string {
  return typeof key === 'object' && key !== null && '_id' in key ? String(key._id) : ''
}

declare module '@tanstack/vue-query' {
  interface Register {
    defaultError: ProblemError
  }
}
