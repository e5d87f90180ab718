/** The one encoding of values: by vectors, as a property, and against any other bytes. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hex } from '@scure/base'
import fc from 'fast-check'
import { z } from 'zod'
import {
  asArray,
  asBool,
  asBytes,
  asList,
  asNullable,
  asText,
  asUint,
  decode,
  decodeHeader,
  encode,
} from '../../protocol/codec.ts'
import { CBOR_DEPTH_MAX } from '../../protocol/limits.ts'
import { scaled } from '../scale.ts'
import { aValue, attempt, mangled, plain } from './sample-wire.ts'
import { vectorsOf, zHex, zRefused } from './vector-files.ts'

const vectors = vectorsOf(
  'codec/values',
  z.object({
    valid: z.array(z.object({ name: z.string(), hex: zHex, value: z.unknown() })),
    invalid: z.array(zRefused),
  }),
)

const nested = (depth: number): Uint8Array =>
  Uint8Array.from({ length: depth }, (_, i) => (i + 1 < depth ? 0x81 : 0x80))

describe('a value', () => {
  it('is written as the vectors say, and read back', () => {
    for (const { name, hex: bytes, value } of vectors.valid) {
      const decoded = decode(bytes)
      assert.deepEqual(plain(decoded), value, name)
      assert.equal(hex.encode(encode(decoded)), hex.encode(bytes), name)
    }
  })

  it('comes out as it went in', () => {
    fc.assert(fc.property(aValue, (value) => assert.deepEqual(decode(encode(value)), value)))
  })

  it('is refused in every other form, as the vectors say', () => {
    for (const { why, hex: bytes, code } of vectors.invalid) {
      assert.throws(() => decode(bytes), { name: 'ProtocolError', code }, why)
    }
  })

  it('has one encoding only: what decodes encodes to the same bytes, and the rest is a ProtocolError', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), mangled(aValue.map(encode)))
    fc.assert(
      fc.property(bytes, (each) => {
        const value = attempt(() => decode(each))
        if (value !== undefined) assert.equal(hex.encode(encode(value)), hex.encode(each))
      }),
      { numRuns: scaled({ small: 2_000, full: 100_000 }) },
    )
  })

  it('keeps text to the last character: no byte order mark is dropped, nothing is replaced', () => {
    const anyBytes = fc.array(fc.constantFrom(0x61, 0xef, 0xbb, 0xbf, 0xbd, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0, 0xc0), {
      maxLength: 23,
    })
    fc.assert(
      fc.property(anyBytes, (content) => {
        const item = Uint8Array.of(0x60 + content.length, ...content)
        const value = attempt(() => decode(item))
        if (value !== undefined) assert.equal(hex.encode(encode(value)), hex.encode(item))
      }),
      { numRuns: scaled({ small: 2_000, full: 50_000 }) },
    )
    for (const text of ['\ufeff', '\ufeffa', '\ufffd', `\ufeff${'é'.repeat(200)}`, `\ufffd${'a'.repeat(70_000)}`]) {
      assert.equal(decode(encode(text)), text)
    }
  })

  it('nests at most so deep, however deep the bytes go', () => {
    assert.ok(Array.isArray(decode(nested(CBOR_DEPTH_MAX))))
    assert.throws(() => decode(nested(CBOR_DEPTH_MAX + 1)), { name: 'ProtocolError', code: 'too-large' })
    assert.throws(() => decode(nested(100_000)), { name: 'ProtocolError' })
  })

  it('takes no memory for lengths that only a header claims', () => {
    for (const claimed of ['9affffffff', '5affffffff', '7affffffff', '9b001fffffffffffff', '5b001fffffffffffff']) {
      assert.throws(() => decode(hex.decode(claimed)), { name: 'ProtocolError', code: 'not-canonical' })
    }
  })

  it('may lead a frame: what follows is a view, and neither read nor copied', () => {
    fc.assert(
      fc.property(aValue, fc.uint8Array({ maxLength: 50 }), (value, bulk) => {
        const head = encode(value)
        const frame = Uint8Array.of(...head, ...bulk)
        const { header, body } = decodeHeader(frame)
        assert.deepEqual(header, value)
        assert.deepEqual(body, frame.subarray(head.length))
        assert.equal(body.buffer, frame.buffer)
      }),
    )
  })

  it('is not written when it is no unsigned integer that a double holds', () => {
    for (const number of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => encode([number]), RangeError)
    }
  })
})

describe('a field', () => {
  it('is what it must be or a ProtocolError, whatever the value', () => {
    fc.assert(
      fc.property(fc.option(aValue, { nil: undefined }), fc.nat(5), (value, length) => {
        attempt(() => asArray(value, 'x', length))
        attempt(() => asBool(value, 'x'))
        attempt(() => asNullable(value, (each) => asBytes(each, 'x')))
        assert.ok((attempt(() => asList(value, 'x', length)) ?? []).length <= length)
        assert.equal(attempt(() => asBytes(value, 'x', length))?.length ?? length, length)
        assert.ok((attempt(() => asUint(value, 'x', length)) ?? 0) <= length)
        assert.ok(Buffer.byteLength(attempt(() => asText(value, 'x', length)) ?? '') <= length)
      }),
    )
  })

  it('counts a text in bytes of UTF-8', () => {
    assert.equal(asText('éé', 'x', 4), 'éé')
    assert.throws(() => asText('éé', 'x', 3), { code: 'too-large' })
  })
})
