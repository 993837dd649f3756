import { useLocalStorage } from '@vueuse/core'
import { computed } from 'vue'
import { useSession } from './useInjected'

/** A list of listings kept on this device for each shopper, the newest first. */
export function useShopperList(name: string, most: number) {
  const { shopper } = useSession()
  const all = useLocalStorage<Record<string, string[]>>(`carousel.${name}`, {})
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

export const MOST_COMPARED = 4
export const useCompare = () => useShopperList('compare', MOST_COMPARED)
export const useRecent = () => useShopperList('recent', 24)
