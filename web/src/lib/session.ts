import { readonly, ref, type DeepReadonly, type InjectionKey, type Ref } from 'vue'
import { readSession as read, STORED_SESSION as STORED } from './early'
import { moveEvents, moveLists } from './kept'
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
  let refused = ''

  const isGood = (who: TokenOut | null): who is TokenOut => who !== null && who.token !== refused

  function become(next: TokenOut): void {
    const before = shopper.value
    // What a visitor has kept and done goes with them; what an account has kept stays with the account.
    if (before && !before.name && before.shopper_id !== next.shopper_id) {
      moveLists(storage, before.shopper_id, next.shopper_id)
      moveEvents(storage, before.shopper_id, next.shopper_id)
    }
    shopper.value = next
    storage.setItem(STORED, JSON.stringify(next))
  }

  function logout(): void {
    shopper.value = null
    storage.removeItem(STORED)
  }

  async function start(): Promise<string> {
    const { data } = await startSession({ throwOnError: true })
    const stored = read(storage.getItem(STORED))
    const who = isGood(stored) ? stored : data // a tab opened together with this one may have been faster
    become(who)
    return who.token
  }

  // Two requests at once share one new session.
  async function token(): Promise<string> {
    if (isGood(shopper.value)) return shopper.value.token
    starting ??= start().finally(() => (starting = null))
    return starting
  }

  async function renew(old: string): Promise<string> {
    if (shopper.value?.token === old) {
      refused = old
      // A visitor stays, also in the storage, until there is another session: a start that fails loses no lists.
      if (shopper.value.name) logout()
    }
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

  return { shopper: readonly(shopper), token, renew, login, logout }
}
