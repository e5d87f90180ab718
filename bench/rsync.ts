/** rsync: one run each time, started when the files appear; `--fsync` where it knows that. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Contender } from './contender.ts'
import { installed } from './contender.ts'

export function startRsync(directory: string): Contender | undefined {
  const version = installed('rsync', '--version')
  if (version === undefined) return undefined
  const [here, there] = [join(directory, 'a'), join(directory, 'b')]
  for (const each of [here, there]) mkdirSync(each, { recursive: true })
  return {
    name: 'rsync --fsync',
    version,
    here,
    there,
    settled: async () => {
      const run = spawn('rsync', ['-a', '--fsync', `${here}/`, `${there}/`], { stdio: 'ignore' })
      await once(run, 'close')
      if (run.exitCode !== 0) throw new Error(`rsync ended with ${run.exitCode}`)
    },
    rssMib: () => [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
