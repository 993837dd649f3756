// Where VueUse keeps what the shopper chose: "auto", "light" or "dark".
const STORED = 'vueuse-color-scheme'

/** Paint in the colours chosen before, or in the device's, until the app does it. */
export function keepTheme(storage: Storage, root: HTMLElement): void {
  const chosen = storage.getItem(STORED)
  const isDark =
    chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  root.classList.add(isDark ? 'dark' : 'light')
}
