// Writes the theme's types (node_modules/.nuxt-ui), which vue-tsc reads and a build leaves behind.
import { resolveConfig } from 'vite'

await resolveConfig({ root: `${import.meta.dirname}/..` }, 'build')
