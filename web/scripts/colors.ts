import palette from 'tailwindcss/colors'
import plugin from 'tailwindcss/plugin'

/** What the component library calls its colours, and which of Tailwind's each is. */
export const COLORS = {
  primary: 'teal',
  neutral: 'slate',
  success: 'green',
  warning: 'yellow',
  error: 'red',
  info: 'blue',
} as const

/**
 * The library's own plugin sets the same variables when it starts; the stylesheet has them from the beginning, so that
 * a page is painted once and one without its components does not need it.
 */
export default plugin(({ addBase }) => {
  const shades = Object.entries(COLORS).flatMap(([name, color]) =>
    Object.entries(palette[color]).map(([shade, value]) => [`--ui-color-${name}-${shade}`, value]),
  )
  addBase({ ':root': Object.fromEntries(shades) as Record<string, string> })
})
