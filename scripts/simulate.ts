/**
 * Runs whole daemons over a simulated clock, network and disk. `npm run simulate -- --seed N` prints what happened in one run;
 * `npm run simulate -- [--from N] [--count N] [--processes N]` runs many, and prints what went wrong and how to see it again.
 */

import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runSeed } from '../test/sim/run.ts'
import { seedsFrom, sweep } from '../test/sim/sweep.ts'

const PROGRESS_EVERY = 100

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
    processes: { type: 'string', default: String(availableParallelism()) },
  },
})
process.exitCode =
  values.seed === undefined
    ? await runMany(parseNumber(values.from), parseNumber(values.count), parseNumber(values.processes))
    : await look(parseNumber(values.seed))

/** One seed, with its trace. */
async function look(seed: number): Promise<number> {
  const { lines, fault, trace, turns, edits } = await runSeed(seed, { keepsTrace: true })
  for (const line of lines) print(line)
  print(`seed ${seed}: ${edits} edits, ${turns} turns, trace ${trace}`)
  if (fault !== undefined) print(`FAULT ${fault}`)
  return fault === undefined ? 0 : 1
}

async function runMany(from: number, count: number, processes: number): Promise<number> {
  const startMs = performance.now()
  let [done, failed] = [0, 0]
  await sweep(seedsFrom(from, count), {
    processes,
    onVerdict({ seed, fault }) {
      done += 1
      if (fault !== undefined) {
        failed += 1
        print(`✖ seed ${seed}: ${fault.split('\n')[0] ?? ''}\n  to see it: npm run simulate -- --seed ${seed}`)
      }
      if (done % PROGRESS_EVERY === 0) print(`${done} of ${count}`)
    },
  })
  const seconds = (performance.now() - startMs) / 1000
  print(`${count - failed} of ${count} seeds ended well, ${(count / seconds).toFixed(1)} runs a second`)
  return failed === 0 ? 0 : 1
}

function parseNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`"${text}" is no number of seeds and no seed`)
  return Number(text)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
