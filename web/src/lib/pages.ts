/** Pages that come in files of their own, by the path of each: also asked for before there is a router. */
export const PAGES = {
  '/login': () => import('@/pages/LoginPage.vue'),
  '/search': () => import('@/pages/SearchPage.vue'),
  '/listings/:id': () => import('@/pages/ListingPage.vue'),
  '/taste': () => import('@/pages/TastePage.vue'),
  '/saved': () => import('@/pages/SavedPage.vue'),
  '/compare': () => import('@/pages/ComparePage.vue'),
  '/privacy': () => import('@/pages/PrivacyPage.vue'),
}

/** What components of Nuxt UI need; home has none. */
export const library = () => import('@nuxt/ui/vue-plugin')

/** The page at a path, unless it is part of the app or there is none. */
export function pageAt(path: string): (() => Promise<unknown>) | undefined {
  return new Map(Object.entries(PAGES)).get(path.replace(/^\/listings\/[^/]+$/, '/listings/:id'))
}
