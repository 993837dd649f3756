import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'
import { precompress } from './scripts/precompress.ts'

const MOST_BYTES = 8_000

/** The script that other sites load, as one file with a stable name, beside the built app. */
export default defineConfig({
  plugins: [smallEnough(), precompress()],
  publicDir: false,
  build: {
    target: 'es2022',
    emptyOutDir: false,
    lib: {
      entry: fileURLToPath(new URL('./snippet/carousel.ts', import.meta.url)),
      formats: ['iife'],
      name: 'carouselSnippet',
      fileName: () => 'carousel.js',
    },
  },
})

function smallEnough(): Plugin {
  return {
    name: 'small-enough',
    generateBundle(_, bundle) {
      for (const [name, output] of Object.entries(bundle)) {
        const bytes = output.type === 'chunk' ? gzipSync(output.code).length : 0
        if (bytes > MOST_BYTES)
          this.error(`${name} has ${bytes} bytes gzipped; other sites get at most ${MOST_BYTES}`)
      }
    },
  }
}
