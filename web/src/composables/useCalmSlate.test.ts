import { nextTick, ref } from 'vue'
import { expect, it } from 'vitest'
import { useCalmSlate } from './useCalmSlate'

it('shows a new slate at once when no hand is on the old one', async () => {
  const newest = ref<string | undefined>()
  const { shown } = useCalmSlate(newest, ref(false))
  newest.value = 'first'
  await nextTick()
  expect(shown.value).toBe('first')
})

it('holds a new slate back while a hand is on a card, and shows it afterwards', async () => {
  const newest = ref<string | undefined>('first')
  const isBusy = ref(true)
  const { shown } = useCalmSlate(newest, isBusy)
  newest.value = 'second'
  await nextTick()
  expect(shown.value).toBe('first')
  isBusy.value = false
  await nextTick()
  expect(shown.value).toBe('second')
})

it('changes under the hand when the shopper asked for it', () => {
  const newest = ref<string | undefined>('first')
  const { shown, apply } = useCalmSlate(newest, ref(true))
  newest.value = 'second'
  apply()
  expect(shown.value).toBe('second')
})
