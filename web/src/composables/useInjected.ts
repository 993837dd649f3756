import { inject, type InjectionKey } from 'vue'
import { EVENTS, type Events } from '@/lib/events'
import { SESSION, type Session } from '@/lib/session'
import { TURNS, type Turns } from '@/lib/turns'

function injected<T>(key: InjectionKey<T>): T {
  const value = inject(key)
  if (value === undefined) throw new Error(`${String(key.description)} is not provided: main.ts does that`)
  return value
}

export const useSession = (): Session => injected(SESSION)
export const useEvents = (): Events => injected(EVENTS)
export const useTurns = (): Turns => injected(TURNS)
