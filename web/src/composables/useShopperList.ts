import { createGlobalState, useLocalStorage } from '@vueuse/core'
import { computed } from 'vue'
import { MOST, storedAs } from '@/lib/kept'
import type { Session } from '@/lib/session'
import { useSession } from './useInjected'

type Lists = Record<string, string[]>
const shared = new Map<string, () => ReturnType<typeof useLocalStorage<Lists>>>()

/** Every card on a page asks for the same lists: they are read and watched once, also for an undo after its page. */
function useStored(name: string) {
  const use = shared.get(name) ?? createGlobalState(() => useLocalStorage<Lists>(storedAs(name), {}))
  shared.set(name, use)
  return use()
}

/** A list of listings kept on this device for each shopper, the newest first. */
export const useShopperList = (name: string, most: number) => shopperList(useSession(), name, most)

/** The same outside a component's setup, where it is only read when it is needed. */
export function shopperList({ shopper }: Pick<Session, 'shopper'>, name: string, most: number) {
  const all = useStored(name)
  const owner = computed(() => shopper.value?.shopper_id ?? '')
  const ids = computed(() => all.value[owner.value] ?? [])

  function set(next: readonly string[]): void {
    all.value = { ...all.value, [owner.value]: next.slice(0, most) }
  }

  const remove = (...gone: string[]) => set(ids.value.filter((id) => !gone.includes(id)))

  return {
    ids,
    has: (id: string) => ids.value.includes(id),
    isFull: computed(() => ids.value.length >= most),
    add: (id: string) => set([id, ...ids.value.filter((other) => other !== id)]),
    remove,
    /** Take one out; what is returned puts it back in its place. */
    take(id: string): () => void {
      const index = ids.value.indexOf(id)
      if (index < 0) return () => {}
      remove(id)
      return () => {
        if (!ids.value.includes(id)) set(ids.value.toSpliced(index, 0, id))
      }
    },
  }
}

export const MOST_COMPARED = MOST.compare
export const useCompare = () => useShopperList('compare', MOST_COMPARED)
export const useRecent = () => useShopperList('recent', MOST.recent)
