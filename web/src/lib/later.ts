import { defineAsyncComponent, getCurrentInstance, type App, type Component } from 'vue'
import { library } from './pages'

/** Until then the page has better things to do; by then most have not lost their connection. */
const LATER_MS = 4_000

const added = new WeakMap<App, Promise<void>>()

/** Give an app what components of Nuxt UI need. A page without any is there sooner for not waiting for it. */
export function addLibrary(app: App): Promise<void> {
  const adding = added.get(app) ?? library().then(({ default: plugin }) => void app.use(plugin))
  added.set(app, adding)
  adding.catch(() => added.delete(app)) // the next one tries again
  return adding
}

/**
 * A component most visits never show: its file is fetched when it is needed, or some seconds after the page, so that
 * what is said of a lost connection does not itself need one.
 */
export function later(load: () => Promise<{ default: Component }>): Component {
  setTimeout(() => Promise.all([load(), library()]).catch(() => {}), LATER_MS)
  return defineAsyncComponent(async () => {
    const app = getCurrentInstance()?.appContext.app
    const [component] = await Promise.all([load(), app && addLibrary(app)])
    return component
  })
}
