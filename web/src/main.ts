import './early'
import './app.css'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp, watch } from 'vue'
import { sendEvents } from '@/client'
import { client } from '@/client/client.gen'
import { connect, createQueryClient } from '@/lib/api'
import { createEvents, EVENTS } from '@/lib/events'
import { homeRows } from '@/lib/home'
import { createTranslations, preferredLanguage, speak, TRANSLATIONS } from '@/lib/i18n'
import { addLibrary } from '@/lib/later'
import { createSession, SESSION } from '@/lib/session'
import { createTurns, TURNS } from '@/lib/turns'
import App from './App.vue'
import { makeRouter } from './router'

const session = createSession(localStorage)
connect(client, session)
const events = createEvents(
  async (batch, { keepalive }) => {
    await sendEvents({ body: { events: batch }, keepalive, throwOnError: true })
  },
  () => session.shopper.value?.shopper_id ?? null,
)
// Nobody else's events stay on this device.
watch(
  () => session.shopper.value?.shopper_id,
  () => void events.flush(),
)
window.addEventListener('pagehide', () => void events.flush({ keepalive: true }))
window.addEventListener('online', () => void events.flush())
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') void events.flush({ keepalive: true })
})

const i18n = createTranslations()
const queryClient = createQueryClient()
const turns = createTurns()
// Its answer is on its way (src/lib/early.ts): what has come by then is shown at once, without a skeleton before it.
if (location.pathname === '/') void queryClient.prefetchQuery(homeRows())

async function mount(): Promise<void> {
  const router = makeRouter()
  await pause()
  const app = createApp(App)
  // Fetched beside the page's own file, not after it.
  router.beforeEach(({ meta }) => {
    if (!meta.isPlain) void addLibrary(app)
  })
  router.beforeResolve(({ meta }) => (meta.isPlain ? undefined : addLibrary(app)))
  router.afterEach((_, from) => {
    if (from.matched.length > 0) turns.leaveFirstPage()
  })
  app
    .use(i18n)
    .use(router)
    .use(VueQueryPlugin, { queryClient })
    .provide(SESSION, session)
    .provide(EVENTS, events)
    .provide(TURNS, turns)
    .provide(TRANSLATIONS, i18n)
    .mount('#app')
  void events.flush() // what the last page could not send
}

/** Answers and taps that have come meanwhile are not kept waiting. */
const pause = () => new Promise((resolve) => setTimeout(resolve))

// Not awaited at the top: a language's file may import this one, and each would wait for the other. Without its texts
// the page speaks English.
void speak(i18n, preferredLanguage(localStorage, navigator.languages))
  .catch(() => {})
  .then(pause)
  .then(mount)
