// The library's messages, for tests: `vi.mock('@nuxt/ui/composables', () => import('@/testing/messages'))`.
interface Message {
  id: string
  title: string
  actions?: { label: string; onClick: () => void }[]
}

export const messages: Message[] = []
/** The titles of those that were taken away. */
export const gone: (string | undefined)[] = []

export const useToast = () => ({
  add(message: Message) {
    messages.push(Object.assign(message, { id: String(messages.length) }))
    return message
  },
  remove: (id: string) => void gone.push(messages[Number(id)]?.title),
})
