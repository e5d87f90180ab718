/** The messages of /holt/meta/1: by vectors, as properties, and against any other bytes. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hex } from '@scure/base'
import fc from 'fast-check'
import { z } from 'zod'
import { decode, encode } from '../../protocol/codec.ts'
import { FOLDERS_MAX, SEGMENT_ENTRIES_MAX } from '../../protocol/limits.ts'
import { decodeMetaMessage, encodeMetaMessage } from '../../protocol/meta-messages.ts'
import { scaled } from '../scale.ts'
import { aMessage, attempt, mangled, misshapen, plain } from './sample-wire.ts'
import { vectorsOf, zHex, zRefused } from './vector-files.ts'

const vectors = vectorsOf(
  'manifest/messages',
  z.object({ valid: z.array(z.object({ hex: zHex, value: z.unknown() })), invalid: z.array(zRefused) }),
)
const KINDS_COUNT = 11

describe('a message of a session', () => {
  it('is written as the vectors say, every kind of it, and read back', () => {
    const kinds = new Set<string>()
    for (const { hex: bytes, value } of vectors.valid) {
      const message = decodeMetaMessage(bytes)
      kinds.add(message.kind)
      assert.deepEqual(plain(message), value)
      assert.equal(hex.encode(encodeMetaMessage(message)), hex.encode(bytes))
    }
    assert.equal(kinds.size, KINDS_COUNT)
  })

  it('is refused for every fault of the vectors, with its code', () => {
    for (const { why, hex: bytes, code } of vectors.invalid) {
      assert.throws(() => decodeMetaMessage(bytes), { name: 'ProtocolError', code }, why)
    }
  })

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(aMessage, (message) =>
        assert.deepEqual(plain(decodeMetaMessage(encodeMetaMessage(message))), plain(message)),
      ),
      { numRuns: scaled({ small: 500, full: 10_000 }) },
    )
  })

  it('is a ProtocolError or written in one way only, whatever the bytes', () => {
    const frames = aMessage.map(encodeMetaMessage)
    const bytes = fc.oneof(mangled(frames), misshapen(frames, decode), fc.uint8Array({ maxLength: 60 }))
    fc.assert(
      fc.property(bytes, (frame) => {
        const message = attempt(() => decodeMetaMessage(frame))
        if (message !== undefined) assert.equal(hex.encode(encodeMetaMessage(message)), hex.encode(frame))
      }),
      { numRuns: scaled({ small: 2_000, full: 50_000 }) },
    )
  })

  it('names at most so many folders and segments', () => {
    const [folder, signed] = [new Uint8Array(16), [new Uint8Array(1), new Uint8Array(64)]]
    const hello = (count: number): Uint8Array =>
      encode([0, '1', Array.from({ length: count }, () => [folder, signed, null])])
    const segments = (count: number): Uint8Array =>
      encode([3, folder, signed, Array.from({ length: count }, () => signed)])
    assert.equal(decodeMetaMessage(hello(FOLDERS_MAX)).kind, 'hello')
    assert.throws(() => decodeMetaMessage(hello(FOLDERS_MAX + 1)), { code: 'too-large' })
    assert.equal(decodeMetaMessage(segments(SEGMENT_ENTRIES_MAX)).kind, 'segments')
    assert.throws(() => decodeMetaMessage(segments(SEGMENT_ENTRIES_MAX + 1)), { code: 'too-large' })
  })
})
