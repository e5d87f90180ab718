/** Who takes over what from whom, when nothing is left to ask for. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Debtor, Line, OpenAsk } from '../../daemon/core/end-game.ts'
import { findRescue } from '../../daemon/core/end-game.ts'
import { scaled } from '../scale.ts'

const MB = 1_000_000

interface Ask extends OpenAsk {
  readonly name: string
}

const FAST: Line = { owedBytes: 0, bytesPerMs: 4000, silentMs: 0 }

function debtor(bytesPerMs: number | undefined, silentMs: number, ...asks: readonly Ask[]): Debtor<Ask> {
  return { bytesPerMs, silentMs, asks, owedBytes: asks.reduce((sum, { owedBytes }) => sum + owedBytes, 0) }
}
const ask = (name: string, owedBytes: number): Ask => ({ name, owedBytes })
const anything = (): boolean => true

function takenOver(taker: Line, debtors: readonly Debtor<Ask>[], mayTake: (ask: Ask) => boolean = anything): string {
  const found = findRescue(taker, debtors, mayTake)
  return found.kind === 'late' ? found.ask.name : found.kind
}

describe('who has time', () => {
  it('takes over the newest request of the one that would be done last', () => {
    const slow = debtor(50, 0, ask('newest', MB), ask('older', MB))
    const slower = debtor(20, 0, ask('last', MB))
    assert.equal(takenOver(FAST, [slow]), 'newest')
    assert.equal(takenOver(FAST, [slow, slower]), 'last')
  })

  it('takes over what a silent device owes, however fast that was', () => {
    assert.equal(takenOver(FAST, [debtor(4000, 500, ask('a', MB))]), 'maybe')
    assert.equal(takenOver(FAST, [debtor(4000, 5000, ask('a', MB))]), 'a')
    assert.equal(takenOver(FAST, [debtor(undefined, 5000, ask('a', MB))]), 'a')
  })

  it('leaves alone who is about as fast, or done soon', () => {
    assert.equal(takenOver(FAST, [debtor(3000, 200, ask('a', 4 * MB))]), 'maybe')
    assert.equal(takenOver(FAST, [debtor(100, 0, ask('a', 30_000))]), 'maybe')
    assert.equal(takenOver({ ...FAST, bytesPerMs: 20 }, [debtor(50, 0, ask('a', MB))]), 'maybe')
  })

  it('takes only what it has', () => {
    const slow = debtor(50, 0, ask('not-mine', MB), ask('mine', MB))
    assert.equal(
      takenOver(FAST, [slow], ({ name }) => name === 'mine'),
      'mine',
    )
    assert.equal(
      takenOver(FAST, [slow], () => false),
      'none',
    )
    assert.equal(takenOver(FAST, [debtor(50, 0)]), 'none')
  })

  it('is never asked for what another two would take from each other in turn', () => {
    const aRate = fc.integer({ min: 1, max: 100_000 })
    fc.assert(
      fc.property(aRate, aRate, fc.integer({ min: 1, max: 4 * MB }), (one, other, bytes) => {
        const line = (bytesPerMs: number): Line => ({ owedBytes: 0, bytesPerMs, silentMs: 0 })
        const there = takenOver(line(one), [debtor(other, 0, ask('a', bytes))]) === 'a'
        const back = takenOver(line(other), [debtor(one, 0, ask('a', bytes))]) === 'a'
        assert.ok(!(there && back))
      }),
      { numRuns: scaled({ small: 200, full: 2000 }) },
    )
  })
})
