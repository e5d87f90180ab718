/** Many seeds, shared out over processes: what a dead daemon leaves behind in a process goes with the process. */

import { fork } from 'node:child_process'
import { once } from 'node:events'

export interface Verdict {
  readonly seed: number
  /** What went wrong, or undefined. */
  readonly fault?: string
}

/** Seeds that one process runs before another takes over: enough to pay for compiling, and not for too much memory. */
const BATCH_SEEDS_MAX = 250
/** Most of what a run makes is gone with it: few and large collections. */
const FLAGS = ['--max-semi-space-size=32']
const WORKER = new URL('./sweep-worker.ts', import.meta.url)

/** Runs every seed once. @returns how each ended, in no certain order; a seed on which its process died has that as its fault */
export async function sweep(
  seeds: readonly number[],
  o: { readonly processes: number; readonly onVerdict?: (verdict: Verdict) => void },
): Promise<Verdict[]> {
  const left = [...seeds]
  const batchSeeds = Math.min(BATCH_SEEDS_MAX, Math.ceil(seeds.length / o.processes))
  const verdicts: Verdict[] = []
  const lane = async (): Promise<void> => {
    while (left.length > 0) {
      for (const verdict of await runBatch(left.splice(0, batchSeeds))) {
        verdicts.push(verdict)
        o.onVerdict?.(verdict)
      }
    }
  }
  await Promise.all(Array.from({ length: o.processes }, lane))
  return verdicts
}

async function runBatch(seeds: readonly number[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  const worker = fork(WORKER, seeds.map(String), { execArgv: FLAGS })
  worker.on('message', (message) => verdicts.push(message as Verdict))
  const [status, signal] = (await once(worker, 'exit')) as [number | null, string | null]
  const done = new Set(verdicts.map(({ seed }) => seed))
  const missing = seeds.filter((seed) => !done.has(seed))
  return [...verdicts, ...missing.map((seed) => ({ seed, fault: `its process ended with ${status ?? signal}` }))]
}

/** As many seeds from the first. */
export function seedsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}
