/** Version vectors: a partial order with least upper bounds. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { parseDeviceId } from '../../protocol/ids.ts'
import { EMPTY_VECTOR, compareVectors, counterOf, joinVectors, withCounter } from '../../protocol/vector.ts'
import { aCloseVector, aKnownDevice } from './sample-wire.ts'
import { vectorsOf } from './vector-files.ts'

const zVector = z.array(z.tuple([z.string().transform(parseDeviceId), z.number()]))
const zPairs = z.array(z.object({ a: zVector, b: zVector, ordering: z.string(), join: zVector }))
const OPPOSITE = { equal: 'equal', before: 'after', after: 'before', concurrent: 'concurrent' } as const

describe('a version vector', () => {
  it('stands to another as the vectors say, and joins as they say', () => {
    for (const { a, b, ordering, join } of vectorsOf('vector/orderings', zPairs)) {
      assert.equal(compareVectors(a, b), ordering)
      assert.deepEqual(joinVectors(a, b), join)
    }
  })

  it('is ordered by the counters of every device', () => {
    fc.assert(
      fc.property(aCloseVector, aCloseVector, (a, b) => {
        const devices = [...a, ...b].map(([device]) => device)
        const isAtMost = (x: typeof a, y: typeof a): boolean =>
          devices.every((device) => counterOf(x, device) <= counterOf(y, device))
        const expected = isAtMost(a, b)
          ? isAtMost(b, a)
            ? 'equal'
            : 'before'
          : isAtMost(b, a)
            ? 'after'
            : 'concurrent'
        assert.equal(compareVectors(a, b), expected)
        assert.equal(compareVectors(b, a), OPPOSITE[expected])
      }),
    )
  })

  it('joins to the least that has seen both, in any order', () => {
    fc.assert(
      fc.property(aCloseVector, aCloseVector, aCloseVector, (a, b, c) => {
        const join = joinVectors(a, b)
        for (const each of [a, b]) assert.match(compareVectors(join, each), /^(equal|after)$/)
        for (const [device, counter] of join)
          assert.equal(counter, Math.max(counterOf(a, device), counterOf(b, device)))
        assert.deepEqual(join, joinVectors(b, a))
        assert.deepEqual(joinVectors(join, c), joinVectors(a, joinVectors(b, c)))
        assert.deepEqual(joinVectors(a, EMPTY_VECTOR), a)
      }),
    )
  })

  it('is after what it was once a counter of it grew, and stays sorted', () => {
    fc.assert(
      fc.property(aCloseVector, aKnownDevice, fc.integer({ min: 1, max: 9 }), (vector, device, more) => {
        const grown = withCounter(vector, device, counterOf(vector, device) + more)
        assert.equal(compareVectors(grown, vector), 'after')
        assert.equal(counterOf(grown, device), counterOf(vector, device) + more)
        assert.deepEqual(grown, joinVectors(grown, EMPTY_VECTOR))
      }),
    )
  })
})

describe('a counter at the end of what can be counted', () => {
  it('stays there, so that what a liar claims keeps nobody from going on', () => {
    const [device] = fc.sample(aKnownDevice, 1)
    assert.ok(device !== undefined)
    const grown = withCounter([[device, Number.MAX_SAFE_INTEGER]], device, Number.MAX_SAFE_INTEGER + 1)
    assert.deepEqual(grown, [[device, Number.MAX_SAFE_INTEGER]])
  })
})
