import { defineAsyncComponent, type Component } from 'vue'

/** Until then the page has better things to do; by then most have not lost their connection. */
const LATER_MS = 4_000

/**
 * A component most visits never show: its file is fetched when it is needed, or some seconds after the page, so that
 * what is said of a lost connection does not itself need one.
 */
export function later(load: () => Promise<{ default: Component }>): Component {
  setTimeout(() => load().catch(() => {}), LATER_MS)
  return defineAsyncComponent(load)
}
