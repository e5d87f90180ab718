/** The program `holt`: lends this process to the command line. It ends when nothing is left to do. */

import { homedir, tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { runCli } from './run.ts'
import type { World } from './world.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

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

const world: World = {
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
  interrupted: interrupt.signal,
  daemonProgram: [process.execPath, fileURLToPath(daemonEntry())],
  hintAfterMs: 10_000,
  nowMs: Date.now,
}
process.exitCode = await runCli(world)

/** Beside this program, as it runs: sources or `dist/`. */
function daemonEntry(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../daemon/main.ts' : '../daemon/main.js', import.meta.url)
}
