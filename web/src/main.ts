import './early'
import './app.css'
import ui from '@nuxt/ui/vue-plugin'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
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
const events = createEvents(async (batch, { keepalive }) => {
  await sendEvents({ body: { events: batch }, keepalive, throwOnError: true })
})
window.addEventListener('pagehide', () => void events.flush({ keepalive: true }))
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') void events.flush({ keepalive: true })
})

const i18n = createTranslations()
await speak(i18n, preferredLanguage(localStorage, navigator.languages))

createApp(App)
  .use(i18n)
  .use(makeRouter())
  .use(ui)
  .use(VueQueryPlugin, { queryClient: createQueryClient() })
  .provide(SESSION, session)
  .provide(EVENTS, events)
  .provide(TRANSLATIONS, i18n)
  .mount('#app')
