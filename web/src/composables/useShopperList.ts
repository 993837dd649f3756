import { createSharedComposable, useLocalStorage } from '@vueuse/core'
import { computed } from 'vue'
import { MOST, storedAs } from '@/lib/kept'
import { useSession } from './useInjected'

type Lists = Record<string, string[]>
const shared = new Map<string, () => ReturnType<typeof useLocalStorage<Lists>>>()

/** Every card on a page asks for the same lists: they are read and watched once. */
function useStored(name: string) {
  const use = shared.get(name) ?? createSharedComposable(() => useLocalStorage<Lists>(storedAs(name), {}))
  shared.set(name, use)
  return use()
}

/** A list of listings kept on this device for each shopper, the newest first. */
export function useShopperList(name: string, most: number) {
  const { shopper } = useSession()
  const all = useStored(name)
  const owner = computed(() => shopper.value?.shopper_id ?? '')
  const ids = computed(() => all.value[owner.value] ?? [])

  function set(next: readonly string[]): void {
    all.value = { ...all.value, [owner.value]: next.slice(0, most) }
  }

  return {
    ids,
    has: (id: string) => ids.value.includes(id),
    isFull: computed(() => ids.value.length >= most),
    add: (id: string) => set([id, ...ids.value.filter((other) => other !== id)]),
    remove: (id: string) => set(ids.value.filter((other) => other !== id)),
    clear: () => set([]),
  }
}

export const MOST_COMPARED = MOST.compare
export const useCompare = () => useShopperList('compare', MOST_COMPARED)
export const useRecent = () => useShopperList('recent', MOST.recent)
