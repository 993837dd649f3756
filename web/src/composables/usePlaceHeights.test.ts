import { mount } from '@vue/test-utils'
import { defineComponent, h, useTemplateRef } from 'vue'
import { expect, it, vi } from 'vitest'
import { usePlaceHeights } from './usePlaceHeights'

function show(purpose: string) {
  let heightOf: (listingId: string) => number | undefined = () => undefined
  const list = mount(
    defineComponent(() => {
      heightOf = usePlaceHeights(useTemplateRef<HTMLElement>('list'), () => purpose)
      return () => h('ul', { ref: 'list' }, [h('li', { 'data-listing-id': 'a' })])
    }),
  )
  return { list, heightOf }
}

it('knows how high a place was when its list was last left', () => {
  const { list, heightOf } = show('search')
  expect(heightOf('a')).toBeUndefined()
  vi.spyOn(list.get('li').element, 'getBoundingClientRect').mockReturnValue({ height: 319.5 } as DOMRect)
  list.unmount()
  expect(show('search').heightOf('a')).toBe(319.5)
  expect(show('home').heightOf('a')).toBeUndefined()
})
