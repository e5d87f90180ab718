/** The world of this process, which `holt` runs in. */

import { homedir, tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { World } from './world.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** How long a pairing is lonely before it says what may be wrong. */
const HINT_AFTER_MS = 10_000

/** Listens to signals from here on. */
export function worldOfProcess(): World {
  return {
    words: process.argv.slice(2),
    environment: process.env,
    platform: process.platform,
    workingDirectory: process.cwd(),
    homeDirectory: homedir(),
    temporaryDirectory: tmpdir(),
    // Opening it costs time, and few commands read from it.
    get stdin() {
      return process.stdin
    },
    stdout: process.stdout,
    stderr: process.stderr,
    interrupted: listenForTheEnd(),
    daemonProgram: [process.execPath, fileURLToPath(daemonEntry())],
    hintAfterMs: HINT_AFTER_MS,
    nowMs: Date.now,
  }
}

function listenForTheEnd(): AbortSignal {
  const interrupt = new AbortController()
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      interrupt.abort(new Error(`interrupted by ${signal}`))
    })
  }
  // `holt events --follow | head` ends when nobody reads it any more.
  process.stdout.on('error', (error) => {
    interrupt.abort(error)
  })
  process.stderr.on('error', () => undefined)
  return interrupt.signal
}

/** Beside this program, as it runs: sources or `dist/`. */
function daemonEntry(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../daemon/main.ts' : '../daemon/main.js', import.meta.url)
}
