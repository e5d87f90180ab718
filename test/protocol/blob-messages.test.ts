/** The messages of /holt/blob/1: by vectors, as properties, and against any other bytes. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { hex } from '@scure/base'
import fc from 'fast-check'
import { z } from 'zod'
import type { BlobRefusal, BlobReply, BlobRequest } from '../../protocol/blob-messages.ts'
import {
  RUN_CHUNKS_MAX,
  blobsFrame,
  chunkFrame,
  encodeRequest,
  hashesFrame,
  rangesFrame,
  parseReply,
  parseRequest,
  refusedFrame,
} from '../../protocol/blob-messages.ts'
import { encode } from '../../protocol/codec.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { BLOB_FRAME_BYTES_MAX, CHUNK_BYTES, CHUNKS_REPLY_MAX, GET_MANY_MAX, HASH_BYTES } from '../../protocol/limits.ts'

const zVector = z.object({ name: z.string(), hex: z.string() })
const zVectors = z.object({
  requests: z.array(zVector.extend({ value: z.unknown() })),
  replies: z.array(zVector.extend({ value: z.unknown() })),
  invalidRequests: z.array(zVector.extend({ code: z.string() })),
  invalidReplies: z.array(zVector.extend({ code: z.string() })),
})
const vectors = zVectors.parse(
  JSON.parse(readFileSync(new URL('../vectors/blob/messages.json', import.meta.url), 'utf8')),
)

const aHash = fc.uint8Array({ minLength: HASH_BYTES, maxLength: HASH_BYTES }).map(blobHashOf)
const aReq = fc.oneof(fc.nat(1000), fc.maxSafeNat())
const aRefusal = fc.constantFrom<BlobRefusal>('missing', 'changed', 'denied', 'busy', 'cancelled')
const aRequest: fc.Arbitrary<BlobRequest> = fc.oneof(
  fc.record({
    kind: fc.constant('get' as const),
    ...{ req: aReq, hash: aHash, firstChunk: fc.nat(2 ** 20), count: fc.integer({ min: 1, max: RUN_CHUNKS_MAX }) },
  }),
  fc.record({
    kind: fc.constant('get-many' as const),
    req: aReq,
    hashes: fc.array(aHash, { minLength: 1, maxLength: 30 }),
  }),
  fc.record({
    kind: fc.constant('chunks' as const),
    ...{ req: aReq, hash: aHash, first: fc.nat(2 ** 20), count: fc.integer({ min: 1, max: CHUNKS_REPLY_MAX }) },
  }),
  fc.record({ kind: fc.constant('cancel' as const), req: aReq }),
  fc.record({
    kind: fc.constant('ranges' as const),
    ...{ req: aReq, hash: aHash },
    ranges: fc.array(fc.record({ start: fc.nat(2 ** 30), bytes: fc.integer({ min: 1, max: 1000 }) }), {
      minLength: 1,
      maxLength: 30,
    }),
  }),
)
const aReply: fc.Arbitrary<BlobReply> = fc.oneof(
  fc.record({
    kind: fc.constant('chunk' as const),
    ...{ req: aReq, chunkNo: fc.nat(2 ** 20), bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) },
  }),
  fc.record({
    kind: fc.constant('blobs' as const),
    ...{ req: aReq, first: fc.nat(GET_MANY_MAX - 1) },
    items: fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), aRefusal), { minLength: 1, maxLength: 20 }),
  }),
  fc.record({
    kind: fc.constant('hashes' as const),
    ...{ req: aReq, first: fc.nat(2 ** 20) },
    hashes: fc.integer({ min: 1, max: 20 }).map((count) => new Uint8Array(count * HASH_BYTES).fill(count)),
  }),
  fc.record({
    kind: fc.constant('ranges' as const),
    ...{ req: aReq, bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) },
  }),
  fc.record({ kind: fc.constant('refused' as const), req: aReq, code: aRefusal }),
)

function encodeReply(reply: BlobReply): Uint8Array {
  switch (reply.kind) {
    case 'chunk': {
      const { frame, body } = chunkFrame(reply.req, reply.chunkNo, reply.bytes.length)
      body.set(reply.bytes)
      return frame
    }
    case 'blobs':
      return blobsFrame(reply.req, reply.first, reply.items)
    case 'hashes':
      return hashesFrame(reply.req, reply.first, reply.hashes)
    case 'ranges': {
      const { frame, body } = rangesFrame(reply.req, reply.bytes.length)
      body.set(reply.bytes)
      return frame
    }
    case 'refused':
      return refusedFrame(reply.req, reply.code)
  }
}

/** As the vectors say it: bytes in hex. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? hex.encode(each) : each)))
}

describe('blob messages, by their vectors', () => {
  for (const { name, hex: bytes, value } of vectors.requests) {
    it(`has a request: ${name}`, () => {
      const request = parseRequest(hex.decode(bytes))
      assert.deepEqual(plain(request), value)
      assert.equal(hex.encode(encodeRequest(request)), bytes)
    })
  }
  for (const { name, hex: bytes, value } of vectors.replies) {
    it(`has a reply: ${name}`, () => {
      const reply = parseReply(hex.decode(bytes))
      assert.deepEqual(plain(reply), value)
      assert.equal(hex.encode(encodeReply(reply)), bytes)
    })
  }
  for (const { name, hex: bytes, code } of vectors.invalidRequests) {
    it(`refuses a request: ${name}`, () => {
      assert.throws(() => parseRequest(hex.decode(bytes)), { name: 'ProtocolError', code })
    })
  }
  for (const { name, hex: bytes, code } of vectors.invalidReplies) {
    it(`refuses a reply: ${name}`, () => {
      assert.throws(() => parseReply(hex.decode(bytes)), { name: 'ProtocolError', code })
    })
  }
})

describe('blob messages', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(aRequest, (request) => assert.deepEqual(plain(parseRequest(encodeRequest(request))), plain(request))),
    )
    fc.assert(fc.property(aReply, (reply) => assert.deepEqual(plain(parseReply(encodeReply(reply))), plain(reply))))
  })

  it('are written in one way only: what parses encodes to the same bytes', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), aRequest.map(encodeRequest), aReply.map(encodeReply))
    const edit = fc.record({ at: fc.nat(), to: fc.nat(255), cut: fc.nat(3) })
    fc.assert(
      fc.property(bytes, fc.array(edit, { maxLength: 3 }), (frame, edits) => {
        const edited = frame.slice(0, Math.max(0, frame.length - (edits[0]?.cut ?? 0)))
        for (const { at, to } of edits) if (edited.length > 0) edited[at % edited.length] = to
        const request = attempt(() => parseRequest(edited))
        if (request !== undefined) assert.deepEqual(encodeRequest(request), edited)
        const reply = attempt(() => parseReply(edited))
        if (reply !== undefined) assert.deepEqual(encodeReply(reply), edited)
      }),
      { numRuns: 500 },
    )
  })

  it('carry a whole chunk in a frame without copying it', () => {
    const { frame, body } = chunkFrame(2 ** 40, 2 ** 20, CHUNK_BYTES)
    assert.equal(body.buffer, frame.buffer)
    body.fill(7)
    assert.ok(frame.length <= BLOB_FRAME_BYTES_MAX)
    const reply = parseReply(frame)
    assert.equal(reply.kind === 'chunk' ? reply.bytes.buffer : undefined, frame.buffer)
  })

  it('carry as many small blobs as a request may ask for', () => {
    const items = Array.from({ length: GET_MANY_MAX }, () => new Uint8Array(CHUNK_BYTES / GET_MANY_MAX))
    assert.ok(blobsFrame(2 ** 40, 0, items).length <= BLOB_FRAME_BYTES_MAX)
    assert.throws(() => parseReply(blobsFrame(1, 0, [...items, new Uint8Array(1)])), { code: 'too-large' })
  })

  it('ask for at most so many small blobs', () => {
    const hashes = (count: number): Uint8Array => encode([2, 1, new Uint8Array(count * HASH_BYTES)])
    assert.equal(parseRequest(hashes(GET_MANY_MAX)).kind, 'get-many')
    assert.throws(() => parseRequest(hashes(GET_MANY_MAX + 1)), { code: 'bad-field' })
  })

  it('do not trust a size: the bytes must be there, and no more than a chunk', () => {
    const lying = (size: number, body: number): Uint8Array => {
      const head = encode([1, 1, 0, size])
      const frame = new Uint8Array(head.length + body)
      frame.set(head)
      return frame
    }
    for (const [size, body] of [
      [5, 4],
      [5, 6],
      [0, 0],
      [CHUNK_BYTES + 1, CHUNK_BYTES + 1],
    ] as const) {
      assert.throws(() => parseReply(lying(size, body)), { code: 'bad-field' })
    }
  })
})

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (cause) {
    assert.ok(cause instanceof ProtocolError, `a ProtocolError, not ${String(cause)}`)
    return undefined
  }
}
