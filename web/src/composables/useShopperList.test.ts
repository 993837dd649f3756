import { enableAutoUnmount, mount } from '@vue/test-utils'
import { defineComponent, nextTick, ref } from 'vue'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { moveLists } from '@/lib/kept'
import { SESSION, type Session } from '@/lib/session'
import { useShopperList } from './useShopperList'

const shopper = ref<{ shopper_id: string }>()

function listOf(most: number, name = 'test') {
  let list: ReturnType<typeof useShopperList> | undefined
  mount(
    defineComponent(() => {
      list = useShopperList(name, most)
      return () => null
    }),
    { global: { provide: { [SESSION as symbol]: { shopper } as unknown as Session } } },
  )
  if (!list) throw new Error('not mounted')
  return list
}

enableAutoUnmount(afterEach)

beforeEach(() => {
  localStorage.clear()
  globalThis.dispatchEvent(new StorageEvent('storage', { storageArea: localStorage })) // the lists are empty
  shopper.value = { shopper_id: 'a' }
})

it('keeps the newest first, each once, and no more than it may', () => {
  const list = listOf(2)
  list.add('x')
  list.add('y')
  list.add('x')
  expect(list.ids.value).toEqual(['x', 'y'])
  expect(list.isFull.value).toBe(true)
  list.add('z')
  expect(list.ids.value).toEqual(['z', 'x'])
  list.remove('x')
  expect(list.has('x')).toBe(false)
})

it('takes one out and puts it back in its place, once', () => {
  const list = listOf(4)
  for (const id of ['x', 'y', 'z']) list.add(id)
  const putBack = list.take('y')
  expect(list.ids.value).toEqual(['z', 'x'])
  putBack()
  putBack()
  expect(list.ids.value).toEqual(['z', 'y', 'x'])
  list.take('unknown')()
  expect(list.ids.value).toEqual(['z', 'y', 'x'])
  list.remove('x', 'z')
  expect(list.ids.value).toEqual(['y'])
})

it('is another list for another shopper', () => {
  const list = listOf(4)
  list.add('x')
  shopper.value = { shopper_id: 'b' }
  expect(list.ids.value).toEqual([])
  shopper.value = { shopper_id: 'a' }
  expect(list.ids.value).toEqual(['x'])
})

it('is one list for all that ask for it', () => {
  const [one, other] = [listOf(4), listOf(4)]
  one.add('x')
  expect(other.ids.value).toEqual(['x'])
})

it('follows a visitor who logs in, also where it is on screen', async () => {
  const list = listOf(4, 'compare')
  list.add('x')
  await nextTick()
  moveLists(localStorage, 'a', 'john')
  shopper.value = { shopper_id: 'john' }
  expect(list.ids.value).toEqual(['x'])
  list.add('y')
  await nextTick()
  expect(JSON.parse(localStorage.getItem('carousel.compare') ?? '')).toEqual({ john: ['y', 'x'] })
})
