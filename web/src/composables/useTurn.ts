import { nextTick, onScopeDispose, readonly, ref, watch, type Ref } from 'vue'

/** Of the 50 ms a finger does not notice: a slow phone takes four times as long, and then paints what was built. */
const BUDGET_MS = 8

type Take = () => void
const first = new Set<Take>()
const last = new Set<Take>()
let isGoing = false
let over = 0
let isFirstPage = isSeenAnew()
let isStarting = isFirstPage

/**
 * Whether it is the turn of a component to show all it has, once it `wants` to. A list of fifty cards is built a few
 * at a time, from its top, and between them the browser paints and answers the shopper. What is built within a few
 * milliseconds needs no turn.
 */
export function useTurn(wants: Readonly<Ref<boolean>>): Readonly<Ref<boolean>> {
  return turnIn(first, wants)
}

/** The same for a part of the first page, or after all others if it `isLast`; on a later page it is there at once. */
export function useStartTurn(isLast: boolean): Readonly<Ref<boolean>> {
  return isFirstPage ? turnIn(isLast ? last : first, ref(true)) : ref(true)
}

/** From here on pages are built at once: whoever goes back is scrolled to the place as soon as the page stands. */
export function leaveFirstPage(): void {
  isFirstPage = false
}

function turnIn(queue: Set<Take>, wants: Readonly<Ref<boolean>>): Readonly<Ref<boolean>> {
  const isMine = ref(false)
  const take = () => (isMine.value = true)
  watch(
    wants,
    (now) => {
      if (!now || isMine.value) return
      if (!isGoing) begin()
      if (!isStarting && first.size === 0 && performance.now() < over) take()
      else queue.add(take)
    },
    { immediate: true },
  )
  onScopeDispose(() => queue.delete(take))
  return readonly(isMine)
}

/** A page that is loaded again is built at once: it is scrolled to its place as soon as it stands. */
function isSeenAnew(): boolean {
  const entries = performance.getEntriesByType('navigation')
  return !document.hidden && entries.some((entry) => 'type' in entry && entry.type === 'navigate')
}

/** In a tab nobody looks at nobody waits for an answer, and a browser lets a second pass between two turns. */
const end = () => performance.now() + (document.hidden ? Infinity : BUDGET_MS)

function begin(): void {
  isGoing = true
  over = end()
  setTimeout(next)
}

async function next(): Promise<void> {
  over = end()
  do {
    const queue = first.size > 0 ? first : last
    const [take] = queue
    if (!take) break
    queue.delete(take)
    take()
    await nextTick()
  } while (performance.now() < over)
  isGoing = first.size + last.size > 0
  isStarting &&= isGoing
  if (isGoing) setTimeout(next)
}
