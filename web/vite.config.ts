import messages from '@intlify/unplugin-vue-i18n/vite'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { COLORS } from './scripts/colors.ts'
import { compileHints } from './scripts/compile-hints.ts'
import { earlyEntry } from './scripts/early-entry.ts'
import { precompress } from './scripts/precompress.ts'

const API = process.env.CAROUSEL_API ?? 'http://localhost:8080'
// src/early.ts and all it imports.
const EARLY = /src\/(?:early|lib\/(?:early|language|pages|theme))\.ts$|preload-helper|rolldown\/runtime/

export default defineConfig({
  plugins: [
    vue(),
    // Texts are compiled by the build, not by each visitor; words are no templates, and carousel.js reads them too.
    messages({
      include: fileURLToPath(new URL('./src/locales/*/!(words).json', import.meta.url)),
      dropMessageCompiler: true,
    }),
    earlyEntry('src/early.ts'),
    compileHints(),
    precompress(),
    ui({
      // Icons are part of the build: the page asks no other host for anything.
      icon: { clientBundle: { scan: { globInclude: ['src/**/*.{vue,ts}'] } } },
      autoImport: false,
      dts: true,
      components: { dirs: [] },
      theme: { colors: Object.keys(COLORS) },
      experimental: { componentDetection: true },
      colorMode: false, // src/lib/theme.ts and the footer's button do it, with fewer layouts of the whole page
      ui: { colors: COLORS },
    }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { proxy: { '/v1': API } },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 550, // kB; benchmarks/page.py measures what a visit loads
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What the first page needs anyway comes in one request; the early entry waits for none of it.
          groups: [
            { name: 'early', test: EARLY, priority: 2 },
            { name: 'app', tags: ['$initial'], priority: 1 },
          ],
        },
      },
    },
  },
  test: { environment: 'happy-dom', include: ['{src,snippet}/**/*.test.ts'], restoreMocks: true },
})
