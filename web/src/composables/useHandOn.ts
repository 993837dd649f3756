import { useEventListener } from '@vueuse/core'
import { computed, ref, type Ref } from 'vue'

/**
 * Whether a mouse was moved over an element or the keyboard is inside it. A finger that taps does not stay, and under a
 * mouse that rests where the last page was clicked nobody reads yet.
 */
export function useHandOn(element: Ref<HTMLElement | null>): Readonly<Ref<boolean>> {
  const isPointed = ref(false)
  const isFocused = ref(false)

  useEventListener(element, 'pointermove', ({ pointerType }) => (isPointed.value = pointerType === 'mouse'))
  useEventListener(element, 'pointerleave', () => (isPointed.value = false))
  // A click focuses a button too, but only the keyboard leaves a ring: that hand is still there.
  useEventListener(element, 'focusin', ({ target }) => {
    isFocused.value = target instanceof Element && target.matches(':focus-visible')
  })
  useEventListener(element, 'focusout', () => (isFocused.value = false))

  return computed(() => isPointed.value || isFocused.value)
}
