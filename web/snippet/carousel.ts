import { createCarousel, type Carousel } from './main'

declare global {
  interface Window {
    carousel?: Carousel
  }
}

const script = document.currentScript as HTMLScriptElement | null
const waiting = window.carousel?.q ?? []
window.carousel = createCarousel(new URL(script?.src ?? location.href).origin)
for (const call of waiting) {
  const [command, ...rest] = Array.from(call) as [string, ...never[]]
  window.carousel(command, ...rest)
}
