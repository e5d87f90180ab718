/** The messages of /holt/fine/1 and the ranges of /holt/blob/1: by vectors, as properties, and against any other bytes. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hex } from '@scure/base'
import fc from 'fast-check'
import { z } from 'zod'
import { encodeRequest, parseReply, parseRequest } from '../../protocol/blob-messages.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { FINE_BYTES, cutBytes } from '../../protocol/fine-cut.ts'
import { encodeFineAsk, encodeFineReply, parseFineAsk, parseFineReply } from '../../protocol/fine-messages.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { FINE_FRAME_BYTES_MAX, FINE_FRAME_CHUNKS_MAX, FINE_REGIONS_MAX, HASH_BYTES } from '../../protocol/limits.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import { vectorsOf } from './vector-files.ts'

const zValid = z.array(z.object({ name: z.string(), hex: z.string(), value: z.unknown() }))
const zInvalid = z.array(z.object({ name: z.string(), hex: z.string(), code: z.string() }))
const ranges = vectorsOf(
  'blob/ranges',
  z.object({ requests: zValid, replies: zValid, invalidRequests: zInvalid, invalidReplies: zInvalid }),
)
const fine = vectorsOf(
  'fine/messages',
  z.object({
    asks: zValid,
    replies: zValid,
    invalidAsks: zInvalid,
    invalidReplies: zInvalid,
    cuts: z.array(z.object({ name: z.string(), words: z.number(), averageBits: z.number(), list: z.string() })),
  }),
)

const crypto = createNativeCrypto()

/** What the vector of cuts is made of. */
function xorshift(count: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(count * 4))
  let state = 1
  for (let i = 0; i < count; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes.setInt32(i * 4, state, true)
  }
  return new Uint8Array(bytes.buffer)
}

/** As the vectors say it: bytes in hex. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? hex.encode(each) : each)))
}

describe('messages about what a changed file lacks', () => {
  it('ask for ranges and answer with their bytes, by the vectors', () => {
    for (const { hex: bytes, value } of ranges.requests) {
      assert.deepEqual(plain(parseRequest(hex.decode(bytes))), value)
      assert.equal(hex.encode(encodeRequest(parseRequest(hex.decode(bytes)))), bytes)
    }
    for (const { hex: bytes, value } of ranges.replies) assert.deepEqual(plain(parseReply(hex.decode(bytes))), value)
    for (const { name, hex: bytes, code } of ranges.invalidRequests) {
      assert.throws(() => parseRequest(hex.decode(bytes)), { name: 'ProtocolError', code }, name)
    }
    for (const { name, hex: bytes, code } of ranges.invalidReplies) {
      assert.throws(() => parseReply(hex.decode(bytes)), { name: 'ProtocolError', code }, name)
    }
  })

  it('ask how a blob is cut and tell it, by the vectors', () => {
    for (const { hex: bytes, value } of fine.asks) {
      assert.deepEqual(plain(parseFineAsk(hex.decode(bytes))), value)
      assert.equal(hex.encode(encodeFineAsk(parseFineAsk(hex.decode(bytes)))), bytes)
    }
    for (const { hex: bytes, value } of fine.replies) {
      assert.deepEqual(plain(parseFineReply(hex.decode(bytes))), value)
      assert.equal(hex.encode(encodeFineReply(parseFineReply(hex.decode(bytes)))), bytes)
    }
    for (const { name, hex: bytes, code } of fine.invalidAsks) {
      assert.throws(() => parseFineAsk(hex.decode(bytes)), { name: 'ProtocolError', code }, name)
    }
    for (const { name, hex: bytes, code } of fine.invalidReplies) {
      assert.throws(() => parseFineReply(hex.decode(bytes)), { name: 'ProtocolError', code }, name)
    }
  })

  it('are cut as the vector says', () => {
    for (const { words, averageBits, list } of fine.cuts) {
      assert.equal(hex.encode(cutBytes(xorshift(words), averageBits, crypto)), list)
    }
  })

  it('fit into a frame when they are as large as they may be', () => {
    const regions = Array.from({ length: FINE_REGIONS_MAX }, (_, i) => ({
      start: 2 ** 47 + 2 * i,
      end: 2 ** 47 + 2 * i + 1,
    }))
    const ask = encodeFineAsk({ hash: blobHashOf(new Uint8Array(HASH_BYTES)), averageBits: 12, regions })
    assert.ok(ask.length <= FINE_FRAME_BYTES_MAX)
    const list = new Uint8Array(FINE_FRAME_CHUNKS_MAX * FINE_BYTES)
    assert.ok(encodeFineReply({ kind: 'fines', list }).length <= FINE_FRAME_BYTES_MAX)
  })

  it('throw nothing but protocol errors, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const parse of [parseFineAsk, parseFineReply, parseRequest, parseReply]) {
          try {
            parse(bytes)
          } catch (cause) {
            assert.ok(cause instanceof ProtocolError)
          }
        }
      }),
    )
  })
})
