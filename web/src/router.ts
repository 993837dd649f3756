import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import HomePage from '@/pages/HomePage.vue'

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: HomePage, meta: { isPlain: true } }, // shows no component of the library
  { path: '/login', name: 'login', component: () => import('@/pages/LoginPage.vue') },
  { path: '/search', name: 'search', component: () => import('@/pages/SearchPage.vue') },
  { path: '/listings/:id', name: 'listing', component: () => import('@/pages/ListingPage.vue'), props: true },
  { path: '/taste', name: 'taste', component: () => import('@/pages/TastePage.vue') },
  { path: '/saved', name: 'saved', component: () => import('@/pages/SavedPage.vue') },
  { path: '/compare', name: 'compare', component: () => import('@/pages/ComparePage.vue') },
  { path: '/privacy', name: 'privacy', component: () => import('@/pages/PrivacyPage.vue') },
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
