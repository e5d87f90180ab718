/** Preloaded into a process, this tells on stderr which modules it loads: a count says more than a stopwatch. */

import { registerHooks } from 'node:module'

registerHooks({
  load: (url, context, nextLoad) => {
    if (!url.startsWith('node:')) process.stderr.write(`loaded ${url}\n`)
    return nextLoad(url, context)
  },
})
