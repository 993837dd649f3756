import { mount } from '@vue/test-utils'
import { defineComponent, h, nextTick, ref, useTemplateRef } from 'vue'
import { afterEach, expect, it, vi } from 'vitest'
import { useNear } from './useNear'

type Notify = (entries: { target: Element; isIntersecting: boolean }[]) => void

afterEach(() => vi.unstubAllGlobals())

it('counts the places that have been near the screen, whoever is in them', async () => {
  let notify: Notify = () => {}
  const observed = new Set<string | null>()
  const idOf = (element: Element) => element.getAttribute('data-listing-id')
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      constructor(callback: Notify) {
        notify = callback
      }
      observe = (element: Element) => observed.add(idOf(element))
      unobserve = (element: Element) => observed.delete(idOf(element))
      disconnect = () => observed.clear()
    },
  )
  const ids = ref(['a', 'b', 'c'])
  let near = () => 0
  const list = mount(
    defineComponent(() => {
      const counted = useNear(useTemplateRef<HTMLElement>('list'), ids)
      near = () => counted.value
      return () =>
        h(
          'ul',
          { ref: 'list' },
          ids.value.map((id) => h('li', { key: id, 'data-listing-id': id })),
        )
    }),
  )
  await nextTick()
  const come = (index: number, isIntersecting: boolean) =>
    notify([{ target: list.findAll('li').at(index)?.element as Element, isIntersecting }])
  come(1, true)
  come(2, false)
  expect(near()).toBe(2)
  come(0, true)
  expect(near()).toBe(2)
  expect([...observed]).toEqual(['c'])

  ids.value = ['d', 'a', 'b', 'e'] // a new slate: the places stay near
  await nextTick()
  expect(near()).toBe(2)
  expect([...observed]).toEqual(['b', 'e'])
  list.unmount()
  expect(observed.size).toBe(0)
})
