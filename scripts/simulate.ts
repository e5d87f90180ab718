/**
 * Runs whole daemons over a simulated clock, network and disk. `npm run simulate -- --seed N [--happenings N]` prints what happened
 * in one run; `npm run simulate -- [--from N] [--seeds N] [--processes N]` runs many, and prints what went wrong, with the shortest
 * beginning of it that still does, and how to see that again.
 */

import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runSeed } from '../test/sim/run.ts'
import { seedsFrom, sweep } from '../test/sim/sweep.ts'

const PROGRESS_EVERY = 100
/** Failures for which the shortest run is looked for. */
const SHORTENED_MAX = 10
/** More than any run has. */
const HAPPENINGS_MAX = 32

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1000' },
    happenings: { type: 'string' },
    processes: { type: 'string', default: String(availableParallelism()) },
  },
})
process.exitCode =
  values.seed === undefined
    ? await runMany(parseNumber(values.from), parseNumber(values.seeds), parseNumber(values.processes))
    : await look(parseNumber(values.seed), values.happenings === undefined ? Infinity : parseNumber(values.happenings))

/** One seed, with its trace. */
async function look(seed: number, happeningsMax: number): Promise<number> {
  const { lines, fault, trace, turns, edits } = await runSeed(seed, { keepsTrace: true, happeningsMax })
  for (const line of lines) print(line)
  print(`seed ${seed}: ${edits} edits, ${turns} turns, trace ${trace}`)
  if (fault !== undefined) print(`FAULT ${fault}`)
  return fault === undefined ? 0 : 1
}

async function runMany(from: number, count: number, processes: number): Promise<number> {
  const startMs = performance.now()
  let done = 0
  const failures: number[] = []
  await sweep(seedsFrom(from, count), {
    processes,
    onVerdict({ seed, fault }) {
      done += 1
      if (fault !== undefined) {
        failures.push(seed)
        print(`✖ seed ${seed}: ${fault.split('\n')[0] ?? ''}`)
      }
      if (done % PROGRESS_EVERY === 0) print(`${done} of ${count}`)
    },
  })
  for (const seed of failures.slice(0, SHORTENED_MAX)) print(`to see it: ${await shortest(seed)}`)
  const seconds = (performance.now() - startMs) / 1000
  print(`${count - failures.length} of ${count} seeds ended well, ${(count / seconds).toFixed(1)} runs a second`)
  return failures.length === 0 ? 0 : 1
}

/** The command that shows the shortest beginning of a run that goes wrong. */
async function shortest(seed: number): Promise<string> {
  for (let happeningsMax = 0; happeningsMax < HAPPENINGS_MAX; happeningsMax += 1) {
    const { fault } = await runSeed(seed, { happeningsMax })
    if (fault !== undefined) return `npm run simulate -- --seed ${seed} --happenings ${happeningsMax}`
  }
  return `npm run simulate -- --seed ${seed}`
}

function parseNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`"${text}" is no number of seeds and no seed`)
  return Number(text)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
