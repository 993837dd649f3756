import { mount } from '@vue/test-utils'
import { defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { expect, it } from 'vitest'
import { useSearchState } from './useSearchState'

async function searchAt(path: string) {
  const page = defineComponent(() => () => h('main'))
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/search', name: 'search', component: page }],
  })
  await router.push(path)
  let search: ReturnType<typeof useSearchState> | undefined
  mount(
    defineComponent(() => {
      search = useSearchState()
      return () => null
    }),
    { global: { plugins: [router] } },
  )
  if (!search) throw new Error('not mounted')
  return { search, router }
}

it('follows the address bar', async () => {
  const { search, router } = await searchAt('/search?make=Kia')
  expect(search.state.value.make).toEqual(['Kia'])
  await router.push('/search?make=VW&q=golf')
  expect(search.state.value).toMatchObject({ make: ['VW'], q: 'golf' })
})

it('changes one part and keeps the others', async () => {
  const { search, router } = await searchAt('/search?make=Kia&sort=newest')
  await search.update({ max_price: 9000 })
  expect(router.currentRoute.value.query).toEqual({ make: ['Kia'], max_price: '9000', sort: 'newest' })
})

it('clears every filter', async () => {
  const { search, router } = await searchAt('/search?make=Kia&q=ceed')
  await search.clear()
  expect(router.currentRoute.value.fullPath).toBe('/search')
})
