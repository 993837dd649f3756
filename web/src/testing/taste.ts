import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { mount } from '@vue/test-utils'
import { defineComponent } from 'vue'
import { vi } from 'vitest'
import { client } from '@/client/client.gen'
import { useTaste, type TasteControl } from '@/composables/useTaste'
import { changed, type Profile, type TasteChange } from '@/lib/profile'
import { i18n } from './english'
import { gone, messages } from './messages'

export const suv = { block: 'body', value: 'suv', text: 'SUV', weight: 4 }
export const wagon = { block: 'body', value: 'wagon', text: 'wagon', weight: 3 }

/** A service that knows one taste. */
export const service = {
  taste: {} as Profile,
  puts: [] as TasteChange[],
  isDown: false,
  /** Between what a change does and its answer. */
  hold: async () => {},
}

export function startService(beliefs: (typeof suv)[] = [suv]): void {
  Object.assign(service, { puts: [], isDown: false, hold: async () => {} })
  messages.length = gone.length = 0
  service.taste = {
    taste_version: 1,
    event_count: 2,
    personalised: true,
    phase: 'orientation',
    interests: [],
    timeline: [],
    statements: beliefs.map((belief) => ({ ...belief, stated: null })),
    stated: { preferences: [] },
  }
  client.setConfig({
    baseUrl: 'https://carousel.test',
    auth: () => 'token',
    async fetch(input) {
      const request = input as Request
      if (request.method === 'GET') return Response.json(service.taste)
      const wish = (await request.json()) as TasteChange
      service.puts.push(wish)
      if (service.isDown)
        return Response.json({ title: 'Temporarily unavailable', detail: 'retry' }, { status: 503 })
      const next = changed(service.taste, wish)
      service.taste = { ...next, taste_version: service.taste.taste_version + 1 }
      const answer = Response.json(service.taste)
      await service.hold()
      return answer
    },
  })
}

export async function openTaste() {
  let control: TasteControl | undefined
  const queryClient = new QueryClient()
  const host = mount(
    defineComponent(() => {
      control = useTaste()
      return () => null
    }),
    { global: { plugins: [i18n, [VueQueryPlugin, { queryClient }]] } },
  )
  await vi.waitUntil(() => control?.taste.value)
  if (!control) throw new Error('not mounted')
  return { control, refetch: () => queryClient.refetchQueries(), unmount: () => host.unmount() }
}

const statements = (control: TasteControl) => control.taste.value?.statements
export const levels = (control: TasteControl) => statements(control)?.map(({ stated }) => stated)
export const things = (control: TasteControl) => statements(control)?.map(({ value }) => value)
export const undo = () => messages[0]?.actions?.[0]?.onClick()
