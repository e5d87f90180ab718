/** Runs a pair in a process of its own, and says a line for each event: for tests that end the process. */

import { writeSync } from 'node:fs'
import { runDirectoryPair } from '../../daemon/daemon-pair.ts'
import { machineOf } from './pair-bench.ts'

const [source = '', destination = '', home = ''] = process.argv.slice(2)
await runDirectoryPair(machineOf(home), {
  ...{ source, destination, mode: 'two-way', compare: 'hash', onConflict: 'keep-both', initial: 'merge', force: null },
  ...{ patterns: { include: [], exclude: [], ignore: '' }, isDryRun: false, confirm: () => true },
  signal: new AbortController().signal,
  tell: ({ kind }) => void writeSync(1, `${kind}\n`),
})
