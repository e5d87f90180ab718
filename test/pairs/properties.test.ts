/** Whatever two sides of a pair have gone through: nothing is lost, a second run finds nothing to do, mirrors are mirrors. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { PairMode } from '../../protocol/pair-options.ts'
import { PAIR_MODES } from '../../protocol/pair-options.ts'
import { scaled } from '../scale.ts'
import type { PairBench, TreeText } from './pair-bench.ts'
import { openPairBench, treeOf, versionsOf } from './pair-bench.ts'
import { carryOut, edits } from './person.ts'

const RUNS = scaled({ small: 4, full: 40 })

const rounds = fc.array(fc.record({ source: edits, destination: edits, mode: fc.constantFrom(...PAIR_MODES) }), {
  minLength: 1,
  maxLength: 4,
})
type Rounds = typeof rounds extends fc.Arbitrary<infer T> ? T : never

function filesOf(tree: TreeText): string[] {
  return Object.values(tree).filter((text) => text !== '/')
}

function isBackup(mode: PairMode): boolean {
  return mode === 'source-backup' || mode === 'destination-backup'
}

/** Runs the pair, and checks that every text that was there is there still: in a side, or among its versions. */
async function runAndCheck(bench: PairBench, mode: PairMode): Promise<void> {
  const sides = [bench.source, bench.destination]
  const before = sides.map((side) => treeOf(side))
  const result = await bench.run({ mode })
  assert.deepEqual(result.problems, [], 'nothing stands in the way')
  assert.equal(result.state, 'done')
  const after = sides.map((side) => treeOf(side))
  for (const [at, side] of sides.entries()) {
    const has = new Set([...filesOf(after[at] ?? {}), ...versionsOf(side)])
    for (const text of filesOf(before[at] ?? {})) assert.ok(has.has(text), `"${text}" is lost on side ${at}`)
  }
  const [source = {}, destination = {}] = after
  if (!isBackup(mode)) assert.deepEqual(source, destination, 'both sides are the same')
  if (mode === 'source-to-destination') assert.deepEqual(source, before[0], 'the source is not touched')
  if (mode === 'destination-to-source') assert.deepEqual(destination, before[1], 'the destination is not touched')
  if (isBackup(mode)) checkBackup(mode === 'source-backup' ? 1 : 0, before, after)
  const again = await bench.run({ mode })
  assert.equal(again.changes, 0, `a second run finds nothing to do: ${JSON.stringify(again)}`)
  const scan = bench.events.find(({ kind }) => kind === 'scan.done')
  assert.ok(scan?.kind === 'scan.done' && scan.bytes === 0, 'a second run reads no bytes')
}

/** @param keeper which side keeps what the other deletes. */
function checkBackup(keeper: 0 | 1, before: readonly TreeText[], after: readonly TreeText[]): void {
  assert.deepEqual(after[1 - keeper], before[1 - keeper], 'what is backed up is not touched')
  for (const path of Object.keys(after[1 - keeper] ?? {})) {
    assert.ok(path in (after[keeper] ?? {}), `${path} is not backed up`)
  }
}

async function live(all: Rounds, modeOf: (drawn: PairMode) => PairMode): Promise<void> {
  using bench = openPairBench()
  for (const { source, destination, mode } of all) {
    for (const each of source) carryOut(bench.source, each)
    for (const each of destination) carryOut(bench.destination, each)
    await runAndCheck(bench, modeOf(mode))
  }
}

describe('a pair that people edit at random', () => {
  for (const mode of PAIR_MODES) {
    it(`loses nothing and comes to rest in mode ${mode}`, async () => {
      await fc.assert(
        fc.asyncProperty(rounds, (all) => live(all, () => mode)),
        { numRuns: RUNS },
      )
    })
  }

  it('loses nothing and comes to rest when the mode changes from run to run', async () => {
    await fc.assert(
      fc.asyncProperty(rounds, (all) => live(all, (mode) => mode)),
      { numRuns: RUNS },
    )
  })
})
