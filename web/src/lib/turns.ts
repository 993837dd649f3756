import { nextTick, type InjectionKey } from 'vue'

/** Of the 50 ms a finger does not notice: a slow phone takes four times as long, and then paints what was built. */
const BUDGET_MS = 8

type Take = () => void

/** Who builds what when: between two turns the browser paints and answers the shopper. */
export interface Turns {
  /** Call `take` when it is its turn, after all others if it `isLast`; the answer gives the place up. */
  wait(take: Take, isLast: boolean): () => void
  /** Only its parts take turns; a page that is loaded again is scrolled to its place as soon as it stands. */
  isFirstPage(): boolean
  /** From here on pages are built at once: whoever goes back finds the place they left. */
  leaveFirstPage(): void
}

export const TURNS: InjectionKey<Turns> = Symbol('turns')

export function createTurns(): Turns {
  const first = new Set<Take>()
  const last = new Set<Take>()
  let isFirstPage = isSeenAnew()
  let isStarting = isFirstPage
  let isGoing = false
  let over = 0

  function wait(take: Take, isLast: boolean): () => void {
    const queue = isLast ? last : first
    if (!isGoing) begin()
    // What is built within a few milliseconds needs no turn.
    if (!isStarting && first.size === 0 && performance.now() < over) take()
    else queue.add(take)
    return () => queue.delete(take)
  }

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

  return { wait, isFirstPage: () => isFirstPage, leaveFirstPage: () => void (isFirstPage = false) }
}

function isSeenAnew(): boolean {
  const entries = performance.getEntriesByType('navigation')
  return !document.hidden && entries.some((entry) => 'type' in entry && entry.type === 'navigate')
}

/** In a tab nobody looks at nobody waits for an answer, and a browser lets a second pass between two turns. */
const end = () => performance.now() + (document.hidden ? Infinity : BUDGET_MS)
