import { onScopeDispose, readonly, ref, watch, type Ref } from 'vue'

/** As many cards as a slow phone mounts within the 50 ms a finger does not notice. */
export const AT_ONCE = 3

const waiting = new Set<() => void>()
let isGoing = false
let left = AT_ONCE

/**
 * Whether it is the turn of a component to show all it has, once it `wants` to. A list of fifty cards is mounted a few
 * at a time, from its top, and between them the browser paints and answers the shopper.
 */
export function useTurn(wants: Readonly<Ref<boolean>>): Readonly<Ref<boolean>> {
  const isMine = ref(false)
  const take = () => (isMine.value = true)
  watch(
    wants,
    (now) => {
      if (!now || isMine.value) return
      if (left > 0) take()
      else waiting.add(take)
      left -= 1
      go()
    },
    { immediate: true },
  )
  onScopeDispose(() => waiting.delete(take))
  return readonly(isMine)
}

function go(): void {
  if (isGoing) return
  isGoing = true
  setTimeout(next)
}

function next(): void {
  isGoing = false
  left = AT_ONCE
  for (const take of [...waiting].slice(0, AT_ONCE)) {
    waiting.delete(take)
    take()
    left -= 1
  }
  if (waiting.size > 0) go()
}
