import type { Plugin } from 'vite'

/**
 * A module beside the app that the browser runs as soon as it is there: two scripts in index.html would become one.
 * The app imports it too, and gets the same instance.
 */
export function earlyEntry(file: string): Plugin {
  return {
    name: 'early-entry',
    apply: 'build',
    options: (options) => ({ ...options, input: ['index.html', file] }),
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const chunk = Object.values(bundle).find(
          (output) => output.type === 'chunk' && output.moduleIds.some((id) => id.endsWith(file)),
        )
        if (!chunk) throw new Error(`${file} is not part of the build`)
        const attrs = { type: 'module', async: true, crossorigin: true, src: `/${chunk.fileName}` }
        return { html, tags: [{ tag: 'script', attrs, injectTo: 'head-prepend' }] }
      },
    },
  }
}
