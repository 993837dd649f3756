import './early'
import './app.css'
import ui from '@nuxt/ui/vue-plugin'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp, watch } from 'vue'
import { sendEvents } from '@/client'
import { client } from '@/client/client.gen'
import { connect, createQueryClient } from '@/lib/api'
import { createEvents, EVENTS } from '@/lib/events'
import { createTranslations, preferredLanguage, speak, TRANSLATIONS } from '@/lib/i18n'
import { createSession, SESSION } from '@/lib/session'
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

function mount(): void {
  createApp(App)
    .use(i18n)
    .use(makeRouter())
    .use(ui)
    .use(VueQueryPlugin, { queryClient: createQueryClient() })
    .provide(SESSION, session)
    .provide(EVENTS, events)
    .provide(TRANSLATIONS, i18n)
    .mount('#app')
  void events.flush() // what the last page could not send
}

// Not awaited at the top: a language's file may import this one, and each would wait for the other. Without its texts
// the page speaks English.
void speak(i18n, preferredLanguage(localStorage, navigator.languages))
  .catch(() => {})
  .then(() => setTimeout(mount)) // by itself: answers and taps that have come meanwhile are not kept waiting
