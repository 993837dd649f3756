import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { PAGES } from '@/lib/pages'
import HomePage from '@/pages/HomePage.vue'

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: HomePage, meta: { isPlain: true } }, // shows no component of the library
  { path: '/login', name: 'login', component: PAGES['/login'] },
  { path: '/search', name: 'search', component: PAGES['/search'] },
  { path: '/listings/:id', name: 'listing', component: PAGES['/listings/:id'], props: true },
  { path: '/taste', name: 'taste', component: PAGES['/taste'] },
  { path: '/saved', name: 'saved', component: PAGES['/saved'] },
  { path: '/compare', name: 'compare', component: PAGES['/compare'] },
  { path: '/privacy', name: 'privacy', component: PAGES['/privacy'] },
  { path: '/:path(.*)*', name: 'not-found', component: () => import('@/pages/NotFoundPage.vue') },
]

export function makeRouter() {
  return createRouter({
    history: createWebHistory(),
    routes,
    scrollBehavior(to, from, saved) {
      if (saved) return saved
      // A page just opened is at its top; saying so makes the browser lay it out once more.
      if (from.matched.length === 0) return
      // A changed search keeps the place; another page starts at its top.
      return to.name === from.name && to.name === 'search' ? undefined : { top: 0 }
    },
  })
}
