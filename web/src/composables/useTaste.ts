import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { useToast } from '@nuxt/ui/composables'
import { computed, onScopeDispose } from 'vue'
import { useI18n } from 'vue-i18n'
import { myTasteOptions, myTasteQueryKey } from '@/client/@tanstack/vue-query.gen'
import { toProblem } from '@/lib/problem'
import {
  backTo,
  changed,
  postReset,
  putTaste,
  withLevel,
  type Belief,
  type Level,
  type Profile,
  type TasteChange,
} from '@/lib/profile'

/** As long as the message with its undo: what is forgotten cannot be brought back by the service. */
const FORGET_AFTER_MS = 8_000

/** My taste and how to change it: what is on screen changes at once, the service follows, and every change can be undone. */
export function useTaste() {
  const { t } = useI18n()
  const toast = useToast()
  const queries = useQueryClient()
  const key = myTasteQueryKey()
  const { data, error, refetch } = useQuery({ ...myTasteOptions(), refetchOnMount: 'always' })
  const taste = computed(() => data.value as Profile | undefined)
  let last: Promise<unknown> = Promise.resolve()
  let sent = 0
  let forgetting: { timer: ReturnType<typeof setTimeout>; now: () => void } | undefined

  const show = (profile: Profile) => queries.setQueryData(key, profile)

  /** Run one request after another, show the answer of the last, and on failure what the service has. */
  async function run(request: () => Promise<Profile>): Promise<void> {
    const mine = ++sent
    const answer = last.then(request)
    last = answer.catch(() => {})
    try {
      const profile = await answer
      if (mine === sent && !forgetting) show(profile)
      // Every slate was made by the taste of before.
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== key[0] })
    } catch (problem) {
      toast.add({ title: t('taste.not_saved'), description: toProblem(problem).message, color: 'error' })
      await refetch()
    }
  }

  async function change(wish: TasteChange, said?: string): Promise<void> {
    const before = taste.value
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
    toast.add({ title, icon: 'i-lucide-check', duration: FORGET_AFTER_MS, actions: [action] })
  }

  function setLevel(belief: Belief, level: Level | null, said: string): void {
    void change({ preferences: withLevel(taste.value?.stated?.preferences ?? [], belief, level) }, said)
  }

  /** Take a thing out of the profile; the service forgets it when the time to undo is over. */
  function forget(beliefs: Belief[], said: string): void {
    forgetting?.now()
    const before = taste.value
    if (!before) return
    const wish: TasteChange = {
      forget: beliefs.map(({ block, value }) => ({ block, value })),
      preferences: beliefs.reduce((all, one) => withLevel(all, one, null), before.stated?.preferences ?? []),
    }
    show(changed(before, wish))
    const now = () => {
      clearTimeout(forgetting?.timer)
      forgetting = undefined
      void run(() => putTaste(wish))
    }
    forgetting = { timer: setTimeout(now, FORGET_AFTER_MS), now }
    offerUndo(said, () => {
      clearTimeout(forgetting?.timer)
      forgetting = undefined
      show(before)
    })
  }
  onScopeDispose(() => forgetting?.now())

  return { taste, error, refetch, change, setLevel, forget, reset: () => run(postReset) }
}

export type TasteControl = ReturnType<typeof useTaste>
