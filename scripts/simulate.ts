/**
 * Runs whole daemons over a simulated clock, network and disk: `npm run simulate [-- FIRST-SEED [COUNT]]`. With one seed and no
 * count it prints what happened; otherwise only what went wrong, and how to see it again.
 */

import { runSeed } from '../test/sim/run.ts'

const COUNT_DEFAULT = 1000
const PROGRESS_EVERY = 100

const [first = 1, count] = process.argv.slice(2).map(parseNumber)
const isLook = process.argv.length === 3
process.exitCode = await (isLook ? look(first) : sweep(first, count ?? COUNT_DEFAULT))

/** One seed, with its trace. */
async function look(seed: number): Promise<number> {
  const { lines, fault, trace, turns, edits } = await runSeed(seed, { keepsTrace: true })
  for (const line of lines) print(line)
  print(`seed ${seed}: ${edits} edits, ${turns} turns, trace ${trace}`)
  if (fault !== undefined) print(`FAULT ${fault}`)
  return fault === undefined ? 0 : 1
}

async function sweep(from: number, count: number): Promise<number> {
  const startMs = performance.now()
  const failed: number[] = []
  for (let done = 1; done <= count; done += 1) {
    const { seed, fault } = await runSeed(from + done - 1)
    if (fault !== undefined) {
      failed.push(seed)
      print(`✖ seed ${seed}: ${fault.split('\n')[0] ?? ''}\n  to see it: npm run simulate -- ${seed}`)
    }
    if (done % PROGRESS_EVERY === 0) print(`${done} of ${count}`)
  }
  const seconds = (performance.now() - startMs) / 1000
  print(`${count - failed.length} of ${count} seeds ended well, ${(count / seconds).toFixed(1)} runs a second`)
  return failed.length === 0 ? 0 : 1
}

function parseNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`"${text}" is no seed and no count`)
  return Number(text)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
