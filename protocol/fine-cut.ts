/**
 * Fine chunks: content-defined pieces by which a device finds what it has already of a changed file. FastCDC (Xia et al., USENIX
 * ATC 2016), normalised, with a 32-bit gear. Both sides cut alike, or they find less; nothing else depends on it.
 *
 * For an average of A bytes a piece has A/2 to 4A bytes, the last of a region may be shorter. What lies before A/2 is not even
 * looked at; up to A a cut is four times less likely than behind, so that most pieces are near the average. The gear begins with
 * 0 at A/2 and again at A.
 */

import type { Crypto } from './crypto.ts'
import type { BlobHash } from './ids.ts'

/** A piece in a fine list: its length (big-endian), and the first bytes of its BLAKE3. */
export const FINE_BYTES = 12

/** As 32-bit words, so that they add up without floating point. */
const GEAR = Int32Array.from({ length: 256 }, (_, byte) => mixed(Math.imul(byte + 1, 0x9e37_79b9)))

/** The finaliser of MurmurHash3: every bit depends on every other. */
function mixed(seed: number): number {
  let word = seed
  word = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2_ae35)
  return word ^ (word >>> 16)
}

/** The most bytes that a piece has. */
export function fineBytesMax(averageBits: number): number {
  return 4 << averageBits
}

/** The least bytes that a piece has, unless it ends its region. */
export function fineBytesMin(averageBits: number): number {
  return 1 << (averageBits - 1)
}

/** Where the piece that begins at `from` ends, at most `end`. It is final if it is below `end`, or if the region ends there. */
export function nextCut(bytes: Uint8Array, from: number, end: number, averageBits: number): number {
  const limit = Math.min(end, from + fineBytesMax(averageBits))
  const normal = Math.min(limit, from + (1 << averageBits))
  // The upper bits depend on the last 32 bytes, the lower ones on fewer.
  const cut = firstCut(bytes, from + fineBytesMin(averageBits), normal, -1 << (31 - averageBits))
  return cut < normal ? cut : firstCut(bytes, normal, limit, -1 << (33 - averageBits))
}

/** Behind the first byte from which on the gear, which begins with 0, has none of these bits. Four bytes a turn: twice as fast as one. */
function firstCut(bytes: Uint8Array, from: number, end: number, mask: number): number {
  const table = GEAR
  let gear = 0
  for (let at = from; at + 3 < end; at += 4) {
    gear = ((gear << 1) + (table[bytes[at] ?? 0] ?? 0)) | 0
    if ((gear & mask) === 0) return at + 1
    gear = ((gear << 1) + (table[bytes[at + 1] ?? 0] ?? 0)) | 0
    if ((gear & mask) === 0) return at + 2
    gear = ((gear << 1) + (table[bytes[at + 2] ?? 0] ?? 0)) | 0
    if ((gear & mask) === 0) return at + 3
    gear = ((gear << 1) + (table[bytes[at + 3] ?? 0] ?? 0)) | 0
    if ((gear & mask) === 0) return at + 4
  }
  return end
}

/** Writes one piece of a list. */
export function putFine(list: Uint8Array, at: number, lengthBytes: number, hash: Uint8Array): void {
  new DataView(list.buffer, list.byteOffset).setUint32(at, lengthBytes)
  list.set(hash.subarray(0, FINE_BYTES - 4), at + 4)
}

/** Cuts a whole region that stands in memory; returns its list. */
export function cutBytes(region: Uint8Array, averageBits: number, crypto: Pick<Crypto, 'blake3'>): Uint8Array {
  const list = new Uint8Array((Math.floor(region.length / fineBytesMin(averageBits)) + 1) * FINE_BYTES)
  let size = 0
  for (let at = 0; at < region.length;) {
    const end = nextCut(region, at, region.length, averageBits)
    putFine(list, size, end - at, crypto.blake3(region.subarray(at, end)))
    size += FINE_BYTES
    at = end
  }
  return list.slice(0, size)
}

/** One piece of a list. */
export interface Fine {
  readonly bytes: number
  /** 52 bits of its hash: who is unlucky fetches a chunk more. */
  readonly key: number
}

/** The pieces of a list, in order. Its length is a multiple of `FINE_BYTES`. */
export function* finesOf(list: Uint8Array): Generator<Fine> {
  const view = new DataView(list.buffer, list.byteOffset, list.length)
  for (let at = 0; at < list.length; at += FINE_BYTES) {
    yield { bytes: view.getUint32(at), key: view.getUint32(at + 4) * 2 ** 20 + (view.getUint32(at + 8) >>> 12) }
  }
}

/** The bytes that the pieces of a list have together. */
export function fineListBytes(list: Uint8Array): number {
  let sum = 0
  for (const { bytes } of finesOf(list)) sum += bytes
  return sum
}

/** What a device asks for: the fine list of some regions of a blob. */
export interface FineAsk {
  readonly hash: BlobHash
  readonly averageBits: number
  /** Ascending, apart from each other, none empty. */
  readonly regions: readonly Region[]
}

/** Bytes `start` (in) to `end` (out). */
export interface Region {
  readonly start: number
  readonly end: number
}
