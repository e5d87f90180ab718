/** Bounded work: never more under way than allowed, and batches that are neither too many nor too heavy. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { inBatches, inFlight } from '../../daemon/disk/in-flight.ts'
import { scaled } from '../scale.ts'

const RUNS = scaled({ small: 200, full: 5_000 })
const { signal } = new AbortController()

describe('items in batches', () => {
  it('keep their order within a batch, are all there once, and no batch is too many or too heavy', () => {
    const weights = fc.array(fc.nat({ max: 30 }))
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 25 }), (items, count, weight) => {
        const numbered = items.map((own, no) => ({ own, no }))
        const batches = [...inBatches(numbered, { count, weight, weigh: ({ own }) => own })]
        const all = batches.flat().map(({ no }) => no)
        assert.deepEqual(
          all.toSorted((a, b) => a - b),
          items.map((_, no) => no),
        )
        for (const batch of batches) {
          assert.ok(batch.length > 0 && batch.length <= count)
          assert.ok(batch.length === 1 || batch.every(({ own }) => own < weight), 'what is heavy is alone')
          const before = batch.slice(0, -1).reduce((sum, { own }) => sum + own, 0)
          assert.ok(before < weight, 'a batch ends when it is heavy enough')
          assert.deepEqual(
            batch,
            batch.toSorted((a, b) => a.no - b.no),
          )
        }
      }),
      { numRuns: RUNS },
    )
  })
})

describe('work in flight', () => {
  it('is at most so much at once, and gives each result once', async () => {
    let open = 0
    let most = 0
    const work = async (item: number): Promise<number> => {
      most = Math.max(most, ++open)
      await new Promise((resolve) => setImmediate(resolve))
      open -= 1
      return item
    }
    const items = Array.from({ length: 40 }, (_, i) => i)
    const results = await Array.fromAsync(inFlight(items, 7, signal, work))
    assert.deepEqual(
      results.toSorted((a, b) => a - b),
      items,
    )
    assert.equal(most, 7)
  })

  it('takes no further item than it may have at once before somebody asks for results', async () => {
    const taken: number[] = []
    function* items(): Iterable<number> {
      for (let i = 0; ; i++) {
        taken.push(i)
        yield i
      }
    }
    const results = inFlight(items(), 3, signal, (item) => Promise.resolve(item))[Symbol.asyncIterator]()
    await results.next()
    assert.deepEqual(taken, [0, 1, 2])
    await results.return?.()
  })

  it('ends with the first failure, when what is under way has settled', async () => {
    let settled = 0
    const work = async (item: number): Promise<number> => {
      await new Promise((resolve) => setImmediate(resolve))
      if (item === 0) throw new Error('the first')
      await new Promise((resolve) => setImmediate(resolve))
      settled += 1
      return item
    }
    await assert.rejects(Array.fromAsync(inFlight([0, 1, 2, 3, 4, 5], 4, signal, work)), /the first/)
    assert.equal(settled, 3)
  })
})
