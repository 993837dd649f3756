import { toValue, watchEffect, type MaybeRefOrGetter } from 'vue'

const SITE = 'Carousel'

/** Name the browser's tab after the page. */
export function usePageTitle(title: MaybeRefOrGetter<string | undefined>): void {
  watchEffect(() => {
    const own = toValue(title)
    document.title = own ? `${own} · ${SITE}` : SITE
  })
}
