import type { Plugin } from 'vite'

const HINT = '//# allFunctionsCalledOnLoad\n'

/** Most functions of an entry are called at once: Chromium compiles them beside the page's own thread when told so. */
export function compileHints(): Plugin {
  return {
    name: 'compile-hints',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post', // it has to be the first line
      handler(_, bundle) {
        for (const output of Object.values(bundle))
          if (output.type === 'chunk' && output.isEntry) output.code = HINT + output.code
      },
    },
  }
}
