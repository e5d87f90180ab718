/** Fine chunks: how any bytes are cut. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import { cutBytes, fineBytesMax, fineBytesMin, fineListBytes, finesOf } from '../../protocol/fine-cut.ts'
import { FINE_BITS_MAX, FINE_BITS_MIN } from '../../protocol/limits.ts'
import { scaled } from '../scale.ts'
import { noise } from '../sync/blob-bench.ts'

const crypto = createNativeCrypto()
const aBits = fc.integer({ min: FINE_BITS_MIN, max: FINE_BITS_MAX })
/** Noise, zeros and repetitions, joined. */
const someBytes = fc
  .array(fc.tuple(fc.constantFrom('noise', 'zeros', 'text'), fc.nat(150_000), fc.nat(1000)), { maxLength: 4 })
  .map((parts) =>
    Buffer.concat(
      parts.map(([kind, length, seed]) => {
        if (kind === 'noise') return noise(length, seed + 1)
        return kind === 'zeros' ? Buffer.alloc(length) : Buffer.alloc(length, 'all work and no play ')
      }),
    ),
  )

describe('fine chunks', () => {
  it('of any bytes rejoin to them, none shorter or longer than they may be but the last', () => {
    fc.assert(
      fc.property(someBytes, aBits, (bytes, bits) => {
        const list = cutBytes(bytes, bits, crypto)
        assert.equal(fineListBytes(list), bytes.length)
        const lengths = [...finesOf(list)].map((fine) => fine.bytes)
        for (const [i, length] of lengths.entries()) {
          assert.ok(length > 0 && length <= fineBytesMax(bits))
          assert.ok(length >= fineBytesMin(bits) || i === lengths.length - 1)
        }
      }),
      { numRuns: scaled({ small: 60, full: 2000 }) },
    )
  })

  it('are the same again soon after an insert', () => {
    const old = noise(2_000_000, 3)
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 50_000 }), fc.nat(), (at, length, seed) => {
        const bytes = Buffer.concat([old.subarray(0, at), noise(length, seed + 10), old.subarray(at)])
        const known = new Set([...finesOf(cutBytes(old, 12, crypto))].map(({ key }) => key))
        let fresh = 0
        for (const fine of finesOf(cutBytes(bytes, 12, crypto))) if (!known.has(fine.key)) fresh += fine.bytes
        assert.ok(fresh <= length + 6 * fineBytesMax(12), `${fresh} bytes are new after an insert of ${length}`)
      }),
      { numRuns: scaled({ small: 20, full: 500 }) },
    )
  })

  it('have about the size that is asked for', () => {
    for (const bits of [12, 14, 16]) {
      const count = [...finesOf(cutBytes(noise(16 * 2 ** 20, bits), bits, crypto))].length
      const average = (16 * 2 ** 20) / count
      assert.ok(average > 2 ** bits && average < 2 ** bits * 1.6, `${average} for ${2 ** bits}`)
    }
  })
})
