import { createRouter, createWebHistory } from 'vue-router'
import { expect, it } from 'vitest'
import { arrivedFrom, listingRoute } from './attribution'

it('is known on the page of a listing, whatever led there', async () => {
  const page = { template: '<main />' }
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/', component: page },
      { path: '/listings/:id', name: 'listing', component: page },
    ],
  })
  await router.push('/')
  expect(arrivedFrom()).toEqual({})
  const attribution = { recommendation_id: 'r1', placement: 'home', position: 3 }
  await router.push(listingRoute('a', attribution))
  expect(router.currentRoute.value.path).toBe('/listings/a')
  expect(arrivedFrom()).toEqual(attribution)
  await router.push(listingRoute('b'))
  expect(arrivedFrom()).toEqual({})
})
