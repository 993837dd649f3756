import { readonly, ref, type DeepReadonly, type InjectionKey, type Ref } from 'vue'
import { readSession as read, STORED_SESSION as STORED } from './early'
import { login as requestLogin, startSession, type TokenOut } from '@/client'

/** Who is shopping: an account, an anonymous visitor, or (before the first request) nobody yet. */
export interface Session {
  readonly shopper: DeepReadonly<Ref<TokenOut | null>>
  /** The token to send; an anonymous session is started on first use. */
  token(): Promise<string>
  /** A new token after the service refused one. */
  renew(refused: string): Promise<string>
  /** Log in by email (demo mode); what the anonymous visitor did goes with them. */
  login(email: string): Promise<void>
  logout(): void
}

export const SESSION: InjectionKey<Session> = Symbol('session')

export function createSession(storage: Storage): Session {
  const shopper = ref<TokenOut | null>(read(storage.getItem(STORED)))
  let starting: Promise<string> | null = null

  function become(next: TokenOut | null): void {
    shopper.value = next
    if (next) storage.setItem(STORED, JSON.stringify(next))
    else storage.removeItem(STORED)
  }

  async function start(): Promise<string> {
    const { data } = await startSession({ throwOnError: true })
    const who = read(storage.getItem(STORED)) ?? data // a tab opened together with this one may have been faster
    become(who)
    return who.token
  }

  // Two requests at once share one new session.
  async function token(): Promise<string> {
    if (shopper.value) return shopper.value.token
    starting ??= start().finally(() => (starting = null))
    return starting
  }

  async function renew(refused: string): Promise<string> {
    if (shopper.value?.token === refused) become(null)
    return token()
  }

  async function login(email: string): Promise<void> {
    const before = shopper.value
    const anonymous_token = before && !before.name ? before.token : undefined
    const { data } = await requestLogin({
      body: { email, anonymous_token },
      auth: undefined,
      throwOnError: true,
    })
    become(data)
  }

  // Another tab logged in or out. What is stored counts, not what the event says: of two tabs that wrote at once each
  // would take over what the other was.
  globalThis.addEventListener?.('storage', (event) => {
    if (event.key === STORED) shopper.value = read(storage.getItem(STORED))
  })

  return { shopper: readonly(shopper), token, renew, login, logout: () => become(null) }
}
