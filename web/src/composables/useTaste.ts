import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { useToast } from '@nuxt/ui/composables'
import { computed, onScopeDispose, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import type { TasteOut } from '@/client'
import { myTasteOptions, myTasteQueryKey } from '@/client/@tanstack/vue-query.gen'
import { problemTexts } from '@/lib/problem'
import {
  backTo,
  changed,
  postReset,
  putTaste,
  withLevel,
  type Belief,
  type Level,
  type Preference,
  type Profile,
  type TasteChange,
} from '@/lib/profile'

/** As long as the message with its undo stays: what is forgotten cannot be brought back by the service. */
const UNDO_MS = 8_000

interface Later {
  wish(profile: Profile): TasteChange
  now(): void
  end(): void
}

/** My taste and how to change it: what is on screen changes at once, the service follows, and every change can be undone. */
export function useTaste() {
  const { t } = useI18n()
  const toast = useToast()
  const queries = useQueryClient()
  const key = myTasteQueryKey()
  const { data, error, refetch } = useQuery({ ...myTasteOptions(), refetchOnMount: 'always' })
  const known = computed(() => data.value as Profile | undefined)
  const waiting = shallowRef<Later>()
  // What is to go is gone from the page at once, whatever the service sends until it is told.
  const taste = computed(() => known.value && changed(known.value, waiting.value?.wish(known.value) ?? {}))
  let last: Promise<unknown> = Promise.resolve()
  let sent = 0

  const show = (profile: Profile) => queries.setQueryData(key, profile as TasteOut)

  /** Run one request after another and show the answer of the last; false, and what the service has, on failure. */
  async function run(request: () => Promise<TasteOut>): Promise<boolean> {
    const mine = ++sent
    const answer = last.then(request)
    last = answer.catch(() => {})
    try {
      const profile = await answer
      if (mine === sent) show(profile)
    } catch (problem) {
      toast.add({ title: t('taste.not_saved'), description: problemTexts(problem, t).text, color: 'error' })
      await refetch()
      return false
    }
    // Every slate was made by the taste of before.
    await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== key[0] })
    return true
  }

  async function change(wish: TasteChange, said?: string): Promise<void> {
    const before = known.value
    if (!before) return
    await queries.cancelQueries({ queryKey: key })
    show(changed(before, wish))
    if (said) offerUndo(said, () => void change(backTo(before, wish)))
    await run(() => putTaste(wish))
  }

  function offerUndo(title: string, undo: () => void): void {
    const action = {
      label: t('taste.undo'),
      color: 'neutral' as const,
      variant: 'outline' as const,
      onClick: undo,
    }
    toast.add({ title, icon: 'i-lucide-check', duration: UNDO_MS, actions: [action] })
  }

  function setLevel(belief: Belief, level: Level | null, said: string): void {
    void change({ preferences: withLevel(known.value?.stated.preferences ?? [], belief, level) }, said)
  }

  /** Take something out of the profile; the service hears of it when the time to undo is over. */
  function later(wish: Later['wish'], said: string): void {
    waiting.value?.now()
    const timer = setTimeout(now, UNDO_MS)
    const mine: Later = { wish, now, end }
    waiting.value = mine
    offerUndo(said, end)

    function end(): void {
      clearTimeout(timer)
      if (waiting.value === mine) waiting.value = undefined
    }
    function now(): void {
      end()
      if (known.value) void change(wish(known.value))
    }
  }

  /** The page goes away: what waits must outlive it, and cannot wait for its turn. */
  function leave(): void {
    if (!waiting.value || !known.value) return
    const wish = waiting.value.wish(known.value)
    waiting.value.end()
    show(changed(known.value, wish)) // a page that is taken out of the browser's cache has no undo any more
    putTaste(wish, { keepalive: true }).catch(() => {})
  }
  window.addEventListener('pagehide', leave)
  onScopeDispose(() => {
    window.removeEventListener('pagehide', leave)
    waiting.value?.now()
  })

  /** Neither learned nor stated any more. */
  function forget(beliefs: readonly Belief[], said: string): void {
    const traits = beliefs.map(({ block, value }) => ({ block, value }))
    const without = (all: Preference[]) => traits.reduce((left, one) => withLevel(left, one, null), all)
    later(({ stated }) => ({ forget: traits, preferences: without(stated.preferences ?? []) }), said)
  }

  function dropInterest(interestId: string, said: string): void {
    later(() => ({ drop_interests: [interestId] }), said)
  }

  return { taste, error, refetch, change, setLevel, forget, dropInterest, reset: () => run(postReset) }
}

export type TasteControl = ReturnType<typeof useTaste>
