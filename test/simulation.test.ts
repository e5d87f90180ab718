/**
 * Whole daemons, the production `sync/`, `core/` and `protocol/`, over a simulated clock, network and disk: random edits, power
 * cuts, partitions, lost catalogues, unmounted disks, people who delete everything. `npm run simulate -- --seed N` shows one run.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { describe, it } from 'node:test'
import { recordFigure } from './figures.ts'
import { scaled } from './scale.ts'
import { runSeed } from './sim/run.ts'
import { seedsFrom, sweep } from './sim/sweep.ts'

/** Seeds that once went wrong, each with what it showed. */
const KEPT: unknown = JSON.parse(readFileSync(new URL('./sim/seeds.json', import.meta.url), 'utf8'))

async function mustEndWell(seeds: readonly number[]): Promise<void> {
  const verdicts = await sweep(seeds, { processes: availableParallelism() })
  const faults = verdicts.filter(({ fault }) => fault !== undefined)
  assert.equal(verdicts.length, seeds.length)
  assert.deepEqual(faults, [], `npm run simulate -- --seed ${faults[0]?.seed}`)
}

describe('simulated daemons', () => {
  it('end equal and quiet, and nothing is lost or comes back, whatever happened to them', async () => {
    const seeds = scaled({ small: 60, full: 5000 })
    await mustEndWell(seedsFrom(1, seeds))
    recordFigure('simulation', { seeds, 'ended well': seeds })
  })

  it('end well where they once did not', async () => {
    assert.ok(typeof KEPT === 'object' && KEPT !== null)
    await mustEndWell(Object.keys(KEPT).map(Number))
  })

  it('take the same way for the same seed', async () => {
    const [once, again, other] = [await runSeed(3), await runSeed(3), await runSeed(4)]
    assert.equal(again.trace, once.trace)
    assert.equal(again.turns, once.turns)
    assert.notEqual(other.trace, once.trace)
  })
})
