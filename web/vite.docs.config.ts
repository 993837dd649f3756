import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { precompress } from './scripts/precompress.ts'

/** The page of the API's documentation, beside the built app and apart from it: it is larger than all of the app. */
export default defineConfig({
  plugins: [precompress()],
  publicDir: false,
  build: {
    target: 'es2023',
    emptyOutDir: false,
    chunkSizeWarningLimit: 2_000, // kB; Swagger UI comes as one file
    rolldownOptions: { input: fileURLToPath(new URL('./docs.html', import.meta.url)) },
  },
})
