import type { Noted } from './events'

const HALF = 0.5
const LONG_ENOUGH_MS = 1_000
const TOGETHER_MS = 500

/** Where a listing was shown. */
export type Shown = Pick<Noted, 'recommendation_id' | 'placement'>

export interface Impressions {
  /** Count the listing this element shows once half of it was visible for a second. */
  watch(element: Element, listingId: string, shown: Shown): void
  unwatch(element: Element): void
  /** Note what was seen until now. */
  flush(): void
}

export function createImpressions(note: (event: Noted) => void): Impressions {
  const watched = new Map<Element, { listingId: string; shown: Shown }>()
  const timers = new Map<Element, ReturnType<typeof setTimeout>>()
  const counted = new Set<string>()
  let seen: Record<string, string[]> = {} // by where they were shown, as JSON
  let sending: ReturnType<typeof setTimeout> | undefined

  function flush(): void {
    clearTimeout(sending)
    sending = undefined
    const slates = Object.entries(seen)
    seen = {}
    for (const [shown, listing_ids] of slates)
      note({ ...(JSON.parse(shown) as Shown), type: 'impression', listing_ids })
  }

  function see(element: Element): void {
    timers.delete(element)
    const one = watched.get(element)
    if (!one) return
    const key = JSON.stringify(one)
    if (counted.has(key)) return
    counted.add(key)
    ;(seen[JSON.stringify(one.shown)] ??= []).push(one.listingId)
    sending ??= setTimeout(flush, TOGETHER_MS)
  }

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        clearTimeout(timers.get(target))
        timers.delete(target)
        if (isIntersecting)
          timers.set(
            target,
            setTimeout(() => see(target), LONG_ENOUGH_MS),
          )
      }
    },
    { threshold: HALF },
  )

  function unwatch(element: Element): void {
    observer.unobserve(element)
    watched.delete(element)
    clearTimeout(timers.get(element))
    timers.delete(element)
  }

  function watch(element: Element, listingId: string, shown: Shown): void {
    unwatch(element) // observing anew tells at once whether it is visible
    watched.set(element, { listingId, shown })
    observer.observe(element)
  }

  return { watch, unwatch, flush }
}

const MARKED = '[data-carousel-listing]'

/** Count what the page itself marks with `data-carousel-listing`, also what it adds or changes later. */
export function watchMarked(root: HTMLElement, impressions: Impressions): void {
  const said = (element: Element, name: string) =>
    element.closest(`[data-carousel-${name}]`)?.getAttribute(`data-carousel-${name}`) ?? undefined

  function each(node: Node, work: (element: Element) => void): void {
    if (!(node instanceof Element)) return
    if (node.matches(MARKED)) work(node)
    node.querySelectorAll(MARKED).forEach(work)
  }

  function watch(element: Element): void {
    const listingId = element.getAttribute('data-carousel-listing')
    const shown = {
      recommendation_id: said(element, 'recommendation'),
      placement: said(element, 'placement'),
    }
    if (listingId) impressions.watch(element, listingId, shown)
  }

  each(root, watch)
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes, removedNodes } of changes) {
      if (type === 'attributes') each(target, watch)
      removedNodes.forEach((node) => each(node, impressions.unwatch))
      addedNodes.forEach((node) => each(node, watch))
    }
  }).observe(root, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['data-carousel-listing', 'data-carousel-recommendation', 'data-carousel-placement'],
  })
}
