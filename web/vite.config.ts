import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const API = process.env.CAROUSEL_API ?? 'http://localhost:8080'

export default defineConfig({
  plugins: [
    vue(),
    ui({
      // Icons are part of the build: the page asks no other host for anything.
      icon: { clientBundle: { scan: { globInclude: ['src/**/*.{vue,ts}'] } } },
      autoImport: false,
      dts: true,
      components: { dirs: [] },
      theme: { colors: ['primary', 'neutral', 'success', 'warning', 'error', 'info'] },
      experimental: { componentDetection: true },
      ui: { colors: { primary: 'teal', neutral: 'slate' } },
    }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { proxy: { '/v1': API } },
  build: { target: 'es2023', assetsInlineLimit: 0 },
  test: { environment: 'happy-dom', include: ['{src,snippet}/**/*.test.ts'], restoreMocks: true },
})
