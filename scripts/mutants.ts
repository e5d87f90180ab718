/**
 * Breaks Holt on purpose: each patch below `test/mutants` is applied to a scratch copy, and the test that it names must go
 * red there and be green without it; each processor has a copy of its own. `npm run mutants [NAME…]`. `test/mutants/README.md`
 * says how to write one.
 */

import { readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { applyPatch, makeScratch, readMutant, runTest } from './mutant.ts'
import type { Mutant, Scratch } from './mutant.ts'

const DIRECTORY = 'test/mutants'

interface Verdict {
  readonly name: string
  readonly isNoticed: boolean
  readonly text: string
}

async function judge(scratch: Scratch, name: string): Promise<Verdict> {
  try {
    const mutant = await readMutant(resolve(DIRECTORY, `${name}.patch`), name)
    // A second try, for a test that a busy machine turned red.
    const first = await runTest(scratch, mutant)
    const before = first === 'failed' ? await runTest(scratch, mutant) : first
    if (before !== 'passed') return { name, isNoticed: false, text: `without the mutant "${mutant.test}" is ${before}` }
    return await judgeBroken(scratch, mutant)
  } catch (error) {
    return { name, isNoticed: false, text: error instanceof Error ? error.message : String(error) }
  }
}

async function judgeBroken(scratch: Scratch, mutant: Mutant): Promise<Verdict> {
  await applyPatch(scratch, mutant)
  try {
    const after = await runTest(scratch, mutant)
    const isNoticed = after === 'failed' || after === 'timed out'
    return { name: mutant.name, isNoticed, text: isNoticed ? mutant.test : `"${mutant.test}" is ${after}` }
  } finally {
    await applyPatch(scratch, mutant, true)
  }
}

function lineOf({ isNoticed, name, text }: Verdict): string {
  return `${isNoticed ? '✔ noticed' : '✖ MISSED '}  ${name.padEnd(40)}  ${text}\n`
}

async function main(wanted: readonly string[]): Promise<void> {
  const all = (await readdir(DIRECTORY)).filter((file) => file.endsWith('.patch')).map((file) => file.slice(0, -6))
  const names = (wanted.length > 0 ? wanted : all).toSorted()
  const waiting = names.entries()
  const verdicts: Verdict[] = []
  let shown = 0
  const judgeSome = async (): Promise<void> => {
    await using scratch = await makeScratch(resolve('.'))
    // All take from the one list, so none is idle before all are judged.
    for (const [at, name] of waiting) {
      verdicts[at] = await judge(scratch, name)
      for (let next = verdicts[shown]; next !== undefined; next = verdicts[shown]) {
        process.stdout.write(lineOf(next))
        shown += 1
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), names.length) }, judgeSome))
  const missed = verdicts.filter(({ isNoticed }) => !isNoticed).length
  process.stdout.write(`${names.length - missed} of ${names.length} mutants noticed (${join(DIRECTORY, '*.patch')})\n`)
  if (missed > 0 || names.length === 0) process.exitCode = 1
}

await main(process.argv.slice(2))
