import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { useToast } from '@nuxt/ui/composables'
import { computed, onScopeDispose, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import type { TasteOut } from '@/client'
import { myTasteOptions, myTasteQueryKey } from '@/client/@tanstack/vue-query.gen'
import { problemTexts } from '@/lib/problem'
import {
  backTo,
  both,
  changed,
  isSame,
  postReset,
  putTaste,
  withLevel,
  type Belief,
  type Level,
  type Preference,
  type Profile,
  type TasteChange,
  type Trait,
} from '@/lib/profile'

/** As long as the message with its undo stays: what is forgotten cannot be brought back by the service. */
const UNDO_MS = 8_000

interface Later {
  wish(profile: Profile): TasteChange
  /** What it forgets. */
  traits?: readonly Trait[]
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
  const waiting = shallowRef<readonly Later[]>([])
  const sent = shallowRef<readonly TasteChange[]>([])
  let last: Promise<unknown> = Promise.resolve()

  /** A profile as it will be when the service has answered all it was sent. */
  const ahead = (profile: Profile) => sent.value.reduce(changed, profile)
  // What was said, and what is to go, is on the page at once, whatever the service sends until it has heard of it.
  const taste = computed(() => known.value && changed(ahead(known.value), waitingFrom(ahead(known.value))))

  const show = (profile: Profile) => queries.setQueryData(key, profile as TasteOut)

  /** Asked of the cache: a message's undo outlives the page. */
  function current(): Profile | undefined {
    const profile = queries.getQueryData<Profile>(key)
    return profile && ahead(profile)
  }

  /** All that waits, as one change. */
  function waitingFrom(profile: Profile): TasteChange {
    return waiting.value.reduce<TasteChange>((all, { wish }) => both(all, wish(changed(profile, all))), {})
  }

  /** Run one request after another and show each answer; false, and what the service has, on failure. */
  async function run(request: () => Promise<TasteOut>, wish: TasteChange = {}): Promise<boolean> {
    sent.value = [...sent.value, wish]
    const answer = last.then(request)
    last = answer.catch(() => {})
    const heard = () => void (sent.value = sent.value.filter((one) => one !== wish))
    try {
      const profile = await answer
      await queries.cancelQueries({ queryKey: key }) // an answer that may be of before
      heard()
      show(ahead(profile))
    } catch (problem) {
      heard()
      toast.add({ title: t('taste.not_saved'), description: problemTexts(problem, t).text, color: 'error' })
      await refetch()
      return false
    }
    // Every slate was made by the taste of before.
    await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== key[0] })
    return true
  }

  /** `back` is asked for when it is taken: what was changed since then stays. */
  async function change(wish: TasteChange, said?: string, back?: () => TasteChange): Promise<void> {
    const before = current()
    if (!before) return
    show(changed(before, wish))
    if (said) offerUndo(said, () => void change(back?.() ?? backTo(before, wish)))
    await run(() => putTaste(wish), wish)
  }

  function offerUndo(title: string, undo: () => void) {
    const action = {
      label: t('taste.undo'),
      color: 'neutral' as const,
      variant: 'outline' as const,
      onClick: undo,
    }
    return toast.add({ title, icon: 'i-lucide-check', duration: UNDO_MS, actions: [action] })
  }

  function setLevel(belief: Belief, level: Level | null, said: string): void {
    // What is said of a thing after forgetting it is not forgotten with it.
    const about = ({ traits = [] }: Later) => traits.some((one) => isSame(one, belief))
    for (const { now } of waiting.value.filter(about)) now()
    const stated = () => current()?.stated.preferences ?? []
    const before = stated().find((one) => isSame(one, belief))?.level ?? null
    const to = (next: Level | null) => ({ preferences: withLevel(stated(), belief, next) })
    void change(to(level), said, () => to(before))
  }

  /** Two interests are one from now on. */
  function join(pair: [string, string], said: string): void {
    const stated = () => current()?.stated.together ?? []
    const back = () => ({ together: stated().filter((one) => String(one) !== String(pair)) })
    void change({ together: [...stated(), pair] }, said, back)
  }

  /** Take something out of the profile; the service hears of it when the time to undo is over. */
  function later(wish: Later['wish'], said: string, traits?: readonly Trait[]): void {
    const timer = setTimeout(now, UNDO_MS)
    const message = offerUndo(said, end)
    const mine: Later = { wish, traits, now, end }
    waiting.value = [...waiting.value, mine]

    function end(): void {
      clearTimeout(timer)
      toast.remove(message.id) // the time to undo is over
      waiting.value = waiting.value.filter((one) => one !== mine)
    }
    function now(): void {
      end()
      const profile = current()
      if (profile) void change(wish(profile))
    }
  }

  /** End what waits; the change it comes to, if any. */
  function endAll(): TasteChange | undefined {
    const profile = current()
    const wish = waiting.value.length > 0 && profile ? waitingFrom(profile) : undefined
    for (const { end } of waiting.value) end()
    return wish
  }

  /** The page goes away: what waits must outlive it, and cannot wait for its turn. */
  function leave(): void {
    const profile = current()
    const wish = endAll()
    if (!wish || !profile) return
    show(changed(profile, wish)) // a page that is taken out of the browser's cache has no undo any more
    putTaste(wish, { keepalive: true }).catch(() => {})
  }
  window.addEventListener('pagehide', leave)
  onScopeDispose(() => {
    window.removeEventListener('pagehide', leave)
    const wish = endAll()
    if (wish) void change(wish)
  })

  /** Neither learned nor stated any more. */
  function forget(beliefs: readonly Belief[], said: string): void {
    const traits = beliefs.map(({ block, value }): Trait => ({ block, value }))
    const without = (all: Preference[]) => traits.reduce((left, one) => withLevel(left, one, null), all)
    later(({ stated }) => ({ forget: traits, preferences: without(stated.preferences ?? []) }), said, traits)
  }

  function dropInterest(interestId: string, said: string): void {
    later(() => ({ drop_interests: [interestId] }), said)
  }

  return { taste, error, refetch, change, setLevel, join, forget, dropInterest, reset: () => run(postReset) }
}

export type TasteControl = ReturnType<typeof useTaste>
