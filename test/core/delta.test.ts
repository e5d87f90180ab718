/** What an older content is good for, decided: any old and new content, and whatever a fine list says. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ProtocolError } from '../../protocol/errors.ts'
import { finesOf } from '../../protocol/fine-cut.ts'
import { cutBytes } from '../../protocol/fine-cut.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { Recipe } from '../../daemon/core/delta-match.ts'
import { FineIndex, Matcher } from '../../daemon/core/delta-match.ts'
import { planDelta } from '../../daemon/core/delta-plan.ts'
import { scaled } from '../scale.ts'
import type { Known } from '../sync/blob-bench.ts'
import { crypto, flipped, knownOf, noise } from '../sync/blob-bench.ts'

const OLD = noise(5 * CHUNK_BYTES + 99, 11)

function planFor(base: Known, next: Known, missing = range(Math.ceil(next.sizeBytes / CHUNK_BYTES))) {
  assert.ok(next.list)
  const { bytes: _, list, ...blob } = next
  return planDelta({ blob, list, missing, baseBytes: base.sizeBytes, baseList: base.list ?? undefined })
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

describe('what is copied of an older content', () => {
  it('is every chunk that both have, where nothing has to be cut', () => {
    const plan = planFor(knownOf(OLD), knownOf(new Uint8Array(Buffer.concat([noise(CHUNK_BYTES, 1), OLD]))))
    assert.deepEqual(
      [...plan.copies],
      range(6).map((i) => [i + 1, i * CHUNK_BYTES]),
    )
    assert.deepEqual(plan.regions, [], 'nothing of the base is left in which the new chunk could be')
  })

  it('is looked for only where the two differ', () => {
    const plan = planFor(knownOf(OLD), knownOf(flipped(flipped(OLD, 5), 3 * CHUNK_BYTES)))
    const regions = [0, 3].map((i) => ({ start: i * CHUNK_BYTES, end: (i + 1) * CHUNK_BYTES }))
    assert.deepEqual([plan.copies.size, plan.regions, plan.baseRegions], [4, regions, regions])
  })

  it('is nothing that has arrived already', () => {
    const plan = planFor(knownOf(OLD), knownOf(flipped(OLD, 5)), [2, 4])
    assert.deepEqual([[...plan.copies.keys()], plan.regions], [[2, 4], []])
  })

  it('is not looked for in a base that is far too small', () => {
    const plan = planFor(knownOf(noise(1000, 1)), knownOf(OLD))
    assert.deepEqual(plan.regions, [])
  })
})

describe('a chunk that is put together', () => {
  it('of any pieces, is covered once by copies and gaps', () => {
    const sizes = fc.array(fc.integer({ min: 2048, max: 16_384 }), { minLength: 200, maxLength: 900 })
    fc.assert(
      fc.property(sizes, fc.nat(), (lengths, seed) => {
        const sizeBytes = lengths.reduce((sum, bytes) => sum + bytes, 0)
        const matcher = new Matcher(sizeBytes, 12, [{ start: 0, end: sizeBytes }])
        const recipes: Recipe[] = []
        for (const [i, bytes] of lengths.entries()) {
          recipes.push(...matcher.take({ bytes }, (i * 7 + seed) % 3 === 0 ? undefined : i * 16_384))
        }
        assert.ok(matcher.isDone)
        assert.deepEqual(
          recipes.map(({ chunkNo }) => chunkNo),
          range(Math.ceil(sizeBytes / CHUNK_BYTES)),
        )
        for (const { chunkNo, copies, gaps } of recipes) {
          const from = chunkNo * CHUNK_BYTES
          const parts = [...copies.map(({ at, bytes }) => ({ start: from + at, bytes })), ...gaps]
          let at = from
          for (const { start, bytes } of parts.sort((a, b) => a.start - b.start)) {
            assert.equal(start, at)
            at += bytes
          }
          assert.equal(at, Math.min(sizeBytes, from + CHUNK_BYTES))
        }
      }),
      { numRuns: scaled({ small: 30, full: 1000 }) },
    )
  })

  it('refuses pieces that are longer than the region, or too short', () => {
    const matcher = (): Matcher => new Matcher(2 * CHUNK_BYTES, 12, [{ start: 0, end: 10_000 }])
    for (const bytes of [0, 1, 2047, 10_001, 16_385]) {
      assert.throws(() => matcher().take({ bytes }, undefined), ProtocolError, `${bytes}`)
    }
  })

  it('is looked for among a bounded number of pieces, the newest', () => {
    const index = new FineIndex(10)
    const fines = [...finesOf(cutBytes(noise(400_000, 2), 12, crypto))]
    for (const [i, fine] of fines.entries()) index.add(fine, i)
    assert.equal(index.size, 10)
    assert.deepEqual(
      fines.slice(-10).map((fine) => index.find(fine)),
      range(fines.length).slice(-10),
    )
    assert.equal(index.find(fines[0] ?? assert.fail()), undefined)
  })
})
