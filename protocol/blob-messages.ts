/**
 * The messages of /holt/blob/1. The device that wants blobs opens the stream and sends requests; the other end answers.
 *
 *     frame    = header ‖ body       header: one canonical CBOR array; body: raw bytes, as many as the header says
 *
 *     get        [1, req, hash32, firstChunk, count 1..4]                       chunks of a blob of more than one chunk
 *     get-many   [2, req, hashes]                                  whole blobs of at most one chunk: n × 32 B, n 1..1024
 *     chunks     [3, req, hash32, first, count 1..16384]                                        a part of its chunk list
 *     cancel     [4, req]
 *     ranges     [5, req, hash32, [[start, bytes] …1024]]         bytes of a blob of more than one chunk: 1 MiB in all
 *
 *     chunk      [1, req, chunkNo, size 1..1048576] ‖ bytes
 *     blobs      [2, req, first, [size | [code] …]] ‖ bytes         answers to hashes `first`, `first + 1` … of get-many
 *     hashes     [3, req, first, count] ‖ count × 32 B
 *     ranges     [5, req, size 1..1048576] ‖ bytes                 all of them, joined
 *     refused    [4, req, code]          code: 0 missing, 1 changed, 2 denied, 3 busy, 4 cancelled
 *
 * Bulk bytes stand behind the header and not in it, so that they are neither encoded nor copied: a server reads a chunk
 * from disk into the frame that it sends, and a receiver writes to disk a view of the frame that it got.
 *
 * `ranges` came later: it is asked only of who has answered on /holt/fine/1.
 *
 * `req` counts up in each stream and is never used twice. Every request ends in exactly one way: with the last of what it
 * asked for, or with `refused`. A cancelled one ends with `cancelled` unless its end was already on its way. So whoever asked
 * knows at any time how many bytes may still come. Requests are answered in any order, the frames of one request in order.
 */

import type { Value } from './codec.ts'
import { asArray, asBytes, asList, asUint, decodeHeader, encode } from './codec.ts'
import { ProtocolError } from './errors.ts'
import type { BlobHash } from './ids.ts'
import { blobHashOf, idBytes } from './ids.ts'
import {
  BLOB_REQUEST_BYTES_MAX,
  CHUNK_BYTES,
  CHUNKS_REPLY_MAX,
  FILE_BYTES_MAX,
  GET_MANY_MAX,
  HASH_BYTES,
  RANGES_MAX,
} from './limits.ts'

/** Chunks of one `get`. */
export const RUN_CHUNKS_MAX = BLOB_REQUEST_BYTES_MAX / CHUNK_BYTES
const CHUNKS_MAX = FILE_BYTES_MAX / CHUNK_BYTES

export type BlobRequest =
  | {
      readonly kind: 'get'
      readonly req: number
      readonly hash: BlobHash
      readonly firstChunk: number
      readonly count: number
    }
  | { readonly kind: 'get-many'; readonly req: number; readonly hashes: readonly BlobHash[] }
  | {
      readonly kind: 'chunks'
      readonly req: number
      readonly hash: BlobHash
      readonly first: number
      readonly count: number
    }
  | { readonly kind: 'cancel'; readonly req: number }
  | {
      readonly kind: 'ranges'
      readonly req: number
      readonly hash: BlobHash
      /** Not empty; together at most `CHUNK_BYTES`. */
      readonly ranges: readonly BytesAt[]
    }

/** So many bytes from an offset on. */
export interface BytesAt {
  readonly start: number
  readonly bytes: number
}

const REFUSALS = ['missing', 'changed', 'denied', 'busy', 'cancelled'] as const
/**
 * Why something does not come: it is not held here; the file that had it was edited meanwhile; the asker may not read it;
 * not now; the asker took its request back.
 */
export type BlobRefusal = (typeof REFUSALS)[number]

/** Bytes are views of the frame. */
export type BlobReply =
  | { readonly kind: 'chunk'; readonly req: number; readonly chunkNo: number; readonly bytes: Uint8Array }
  | {
      readonly kind: 'blobs'
      readonly req: number
      readonly first: number
      readonly items: readonly (Uint8Array | BlobRefusal)[]
    }
  | { readonly kind: 'hashes'; readonly req: number; readonly first: number; readonly hashes: Uint8Array }
  | { readonly kind: 'ranges'; readonly req: number; readonly bytes: Uint8Array }
  | { readonly kind: 'refused'; readonly req: number; readonly code: BlobRefusal }

const GET = 1
const GET_MANY = 2
const CHUNKS = 3
const CANCEL = 4
const RANGES = 5
const CHUNK = 1
const BLOBS = 2
const HASHES = 3
const REFUSED = 4

export function encodeRequest(request: BlobRequest): Uint8Array {
  switch (request.kind) {
    case 'get':
      return encode([GET, request.req, idBytes(request.hash), request.firstChunk, request.count])
    case 'get-many':
      return encode([GET_MANY, request.req, joinHashes(request.hashes)])
    case 'chunks':
      return encode([CHUNKS, request.req, idBytes(request.hash), request.first, request.count])
    case 'cancel':
      return encode([CANCEL, request.req])
    case 'ranges': {
      const ranges = request.ranges.map(({ start, bytes }) => [start, bytes])
      return encode([RANGES, request.req, idBytes(request.hash), ranges])
    }
  }
}

/** @throws ProtocolError */
export function parseRequest(frame: Uint8Array): BlobRequest {
  const { header, body } = decodeHeader(frame)
  if (body.length > 0) throw new ProtocolError('bad-field', 'a blob request has bytes behind its header')
  const [kind, req] = openHeader(header)
  switch (kind) {
    case GET: {
      const [, , hash, first, count] = asArray(header, 'get', 5)
      const firstChunk = asUint(first, 'first chunk', CHUNKS_MAX - 1)
      return { kind: 'get', req, hash: hashFrom(hash), firstChunk, count: asCount(count, RUN_CHUNKS_MAX) }
    }
    case GET_MANY:
      return { kind: 'get-many', req, hashes: splitHashes(asArray(header, 'get-many', 3)[2]) }
    case CHUNKS: {
      const [, , hash, first, count] = asArray(header, 'chunks', 5)
      const firstHash = asUint(first, 'first chunk', CHUNKS_MAX - 1)
      return { kind: 'chunks', req, hash: hashFrom(hash), first: firstHash, count: asCount(count, CHUNKS_REPLY_MAX) }
    }
    case CANCEL:
      asArray(header, 'cancel', 2)
      return { kind: 'cancel', req }
    case RANGES: {
      const [, , hash, ranges] = asArray(header, 'ranges', 4)
      return { kind: 'ranges', req, hash: hashFrom(hash), ranges: rangesFrom(ranges) }
    }
    default:
      throw new ProtocolError('bad-field', `a blob request of kind ${kind} is not known`)
  }
}

/** A reply whose bytes are left for the caller to fill in: `body` is the end of `frame`. */
export interface OpenFrame {
  readonly frame: Uint8Array
  readonly body: Uint8Array
}

/** A chunk's reply, to be filled with `sizeBytes` bytes. */
export function chunkFrame(req: number, chunkNo: number, sizeBytes: number): OpenFrame {
  return frameWith([CHUNK, req, chunkNo, sizeBytes], sizeBytes)
}

/** The bytes of a `ranges`, joined, to be filled with `sizeBytes` bytes. */
export function rangesFrame(req: number, sizeBytes: number): OpenFrame {
  return frameWith([RANGES, req, sizeBytes], sizeBytes)
}

/** The answers to some hashes of a `get-many`, with their bytes. Together they have at most `CHUNK_BYTES`. */
export function blobsFrame(req: number, first: number, items: readonly (Uint8Array | BlobRefusal)[]): Uint8Array {
  const marks = items.map((item) => (typeof item === 'string' ? [REFUSALS.indexOf(item)] : item.length))
  const { frame, body } = frameWith([BLOBS, req, first, marks], sum(marks))
  let at = 0
  for (const item of items) {
    if (typeof item === 'string') continue
    body.set(item, at)
    at += item.length
  }
  return frame
}

/** A part of a chunk list; `hashes` are whole hashes, joined. */
export function hashesFrame(req: number, first: number, hashes: Uint8Array): Uint8Array {
  const { frame, body } = frameWith([HASHES, req, first, hashes.length / HASH_BYTES], hashes.length)
  body.set(hashes)
  return frame
}

export function refusedFrame(req: number, code: BlobRefusal): Uint8Array {
  return encode([REFUSED, req, REFUSALS.indexOf(code)])
}

/** @throws ProtocolError */
export function parseReply(frame: Uint8Array): BlobReply {
  const { header, body } = decodeHeader(frame)
  const [kind, req] = openHeader(header)
  switch (kind) {
    case CHUNK: {
      const [, , no, size] = asArray(header, 'chunk', 4)
      expectBody(body, asCount(size, CHUNK_BYTES))
      return { kind: 'chunk', req, chunkNo: asUint(no, 'chunk number', CHUNKS_MAX - 1), bytes: body }
    }
    case BLOBS: {
      const [, , first, marks] = asArray(header, 'blobs', 4)
      return { kind: 'blobs', req, first: asUint(first, 'first blob', GET_MANY_MAX - 1), items: itemsFrom(marks, body) }
    }
    case HASHES: {
      const [, , first, count] = asArray(header, 'hashes', 4)
      expectBody(body, asCount(count, CHUNKS_REPLY_MAX) * HASH_BYTES)
      return { kind: 'hashes', req, first: asUint(first, 'first chunk', CHUNKS_MAX - 1), hashes: body }
    }
    case RANGES: {
      const [, , size] = asArray(header, 'ranges', 3)
      expectBody(body, asCount(size, CHUNK_BYTES))
      return { kind: 'ranges', req, bytes: body }
    }
    case REFUSED:
      expectBody(body, 0)
      return { kind: 'refused', req, code: refusalFrom(asArray(header, 'refused', 3)[2]) }
    default:
      throw new ProtocolError('bad-field', `a blob reply of kind ${kind} is not known`)
  }
}

function openHeader(header: Value): [kind: number, req: number] {
  const fields = asArray(header, 'blob message')
  return [asUint(fields[0], 'kind of a blob message'), asUint(fields[1], 'request number')]
}

/**
 * From here on a body begins so far behind the beginning of the memory: a few bytes behind the beginning of a page, where it would
 * begin otherwise, processors copy pages of a file many times slower to.
 */
const LARGE_BYTES = 64 * 1024
const AHEAD_BYTES = 2048

function frameWith(header: Value, bodyBytes: number): OpenFrame {
  const head = encode(header)
  const room = bodyBytes < LARGE_BYTES ? 0 : Math.max(0, AHEAD_BYTES - head.length)
  const frame = new Uint8Array(room + head.length + bodyBytes).subarray(room)
  frame.set(head)
  return { frame, body: frame.subarray(head.length) }
}

function rangesFrom(value: Value | undefined): BytesAt[] {
  let sum = 0
  const ranges = asList(value, 'ranges', RANGES_MAX).map((range) => {
    const [start, bytes] = asArray(range, 'range', 2)
    const at = { start: asUint(start, 'start', FILE_BYTES_MAX), bytes: asCount(bytes, CHUNK_BYTES) }
    sum += at.bytes
    return at
  })
  asCount(sum, CHUNK_BYTES)
  return ranges
}

function itemsFrom(value: Value | undefined, body: Uint8Array): (Uint8Array | BlobRefusal)[] {
  const marks = asList(value, 'blobs', GET_MANY_MAX).map((mark) =>
    typeof mark === 'number' ? asUint(mark, 'blob size', CHUNK_BYTES) : refusalFrom(asArray(mark, 'no blob', 1)[0]),
  )
  if (marks.length === 0) throw new ProtocolError('bad-field', 'a frame of no blobs')
  expectBody(body, sum(marks))
  let at = 0
  return marks.map((mark) => {
    if (typeof mark === 'string') return mark
    at += mark
    return body.subarray(at - mark, at)
  })
}

/** Also holds every body to one chunk. */
function expectBody(body: Uint8Array, sizeBytes: number): void {
  if (sizeBytes > CHUNK_BYTES) throw new ProtocolError('too-large', 'a blob frame has more than one chunk of bytes')
  if (body.length !== sizeBytes) {
    throw new ProtocolError('bad-field', `a blob frame has ${body.length} bytes, not ${sizeBytes}`)
  }
}

function refusalFrom(value: Value | undefined): BlobRefusal {
  return REFUSALS[asUint(value, 'refusal', REFUSALS.length - 1)] ?? 'missing'
}

function asCount(value: Value | undefined, max: number): number {
  const count = asUint(value, 'count', max)
  if (count === 0) throw new ProtocolError('bad-field', 'a count is at least 1')
  return count
}

function hashFrom(value: Value | undefined): BlobHash {
  return blobHashOf(asBytes(value, 'blob hash', HASH_BYTES))
}

function joinHashes(hashes: readonly BlobHash[]): Uint8Array {
  const joined = new Uint8Array(hashes.length * HASH_BYTES)
  hashes.forEach((hash, i) => joined.set(idBytes(hash), i * HASH_BYTES))
  return joined
}

function splitHashes(value: Value | undefined): BlobHash[] {
  const joined = asBytes(value, 'blob hashes')
  const count = asCount(joined.length / HASH_BYTES, GET_MANY_MAX)
  return Array.from({ length: count }, (_, i) => blobHashOf(joined.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)))
}

function sum(marks: readonly unknown[]): number {
  let total = 0
  for (const mark of marks) if (typeof mark === 'number') total += mark
  return total
}
