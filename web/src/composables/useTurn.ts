import { onScopeDispose, readonly, ref, watch, type Ref } from 'vue'
import { useTurns } from './useInjected'

/**
 * Whether it is the turn of a component to show all it has, once it `wants` to. A list of fifty cards is built a few
 * at a time, from its top (`lib/turns.ts`).
 */
export function useTurn(wants: Readonly<Ref<boolean>>, isLast = false): Readonly<Ref<boolean>> {
  const turns = useTurns()
  const isMine = ref(false)
  const take = () => void (isMine.value = true)
  let leave = () => {}
  watch(
    wants,
    (now) => {
      if (now && !isMine.value) leave = turns.wait(take, isLast)
    },
    { immediate: true },
  )
  onScopeDispose(() => leave())
  return readonly(isMine)
}

/** The same for a part of the first page, or after all others if it `isLast`; on a later page it is there at once. */
export function useStartTurn(isLast: boolean): Readonly<Ref<boolean>> {
  return useTurns().isFirstPage() ? useTurn(ref(true), isLast) : ref(true)
}
