import { shallowRef, watch, type Ref, type ShallowRef } from 'vue'

/**
 * The slate to show: the newest one, but while `isBusy` (a pointer or the keyboard is on a card) the one that is
 * there, so that nothing moves under the shopper's hand. `apply` shows the newest one all the same.
 */
export function useCalmSlate<T>(
  newest: Ref<T | undefined>,
  isBusy: Ref<boolean>,
): { shown: Readonly<ShallowRef<T | undefined>>; apply: () => void } {
  const shown = shallowRef(newest.value)
  const apply = () => {
    shown.value = newest.value
  }
  watch([newest, isBusy], () => {
    if (!isBusy.value || shown.value === undefined) apply()
  })
  return { shown, apply }
}
