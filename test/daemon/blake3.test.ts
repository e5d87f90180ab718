/** The two implementations of BLAKE3 give the same hashes. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { loadBlake3 } from '../../daemon/blake3.ts'

const native = await loadBlake3()
const portable = await loadBlake3(() => Promise.reject(new Error('no binary for this platform')))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('BLAKE3', () => {
  it('is the function of the specification', () => {
    const empty = 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'
    assert.equal(hex(native.hash(new Uint8Array(0))), empty)
    assert.equal(hex(portable.hash(new Uint8Array(0))), empty)
  })

  it('is the same where there is no native module, at once and in pieces', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 5 })
    fc.assert(
      fc.property(pieces, (parts) => {
        const whole = Buffer.concat(parts)
        const expected = hex(native.hash(whole))
        assert.equal(hex(portable.hash(whole)), expected)
        for (const { hasher } of [native, portable]) {
          const running = hasher()
          for (const part of parts) running.update(part)
          assert.equal(hex(running.digest()), expected)
        }
      }),
    )
  })
})
