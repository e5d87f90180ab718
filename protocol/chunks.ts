/** Chunk lists: the BLAKE3 of every chunk of a blob, in order, and the digest that an entry signs. */

import type { Crypto } from './crypto.ts'
import type { BlobHash, ChunkListHash } from './ids.ts'
import { chunkListHashOf } from './ids.ts'
import { ProtocolError } from './errors.ts'
import { CHUNK_BYTES, HASH_BYTES } from './limits.ts'

/** What is asked for and stored: a blob with its size, and the digest of its chunk list unless it is one chunk. */
export interface BlobRef {
  readonly hash: BlobHash
  readonly sizeBytes: number
  /** Null for a blob of one chunk or none: there the blob's own hash is enough. */
  readonly chunks: ChunkListHash | null
}

/** The hashes of all chunks of a blob, 32 bytes each, joined. */
export interface ChunkList {
  readonly digest: ChunkListHash
  readonly hashes: Uint8Array
}

/** How many chunks a blob has; an empty blob has none. */
export function chunkCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / CHUNK_BYTES)
}

/** The bytes of one chunk of a blob: only the last may be shorter than `CHUNK_BYTES`. */
export function chunkSize(sizeBytes: number, chunkNo: number): number {
  return Math.min(CHUNK_BYTES, sizeBytes - chunkNo * CHUNK_BYTES)
}

/** The 32-byte hash of one chunk. */
export function chunkHash(list: ChunkList, chunkNo: number): Uint8Array {
  return list.hashes.subarray(chunkNo * HASH_BYTES, (chunkNo + 1) * HASH_BYTES)
}

export function toChunkList(hashes: Uint8Array, crypto: Pick<Crypto, 'blake3'>): ChunkList {
  return { digest: chunkListHashOf(crypto.blake3(hashes)), hashes }
}

/** A list that a peer sent for a blob. @throws ProtocolError `bad-field` unless it is the one that the entry names. */
export function openChunkList(hashes: Uint8Array, blob: BlobRef, crypto: Crypto): ChunkList {
  if (hashes.length !== chunkCount(blob.sizeBytes) * HASH_BYTES) {
    throw new ProtocolError('bad-field', `a chunk list of blob ${blob.hash} has the wrong length`)
  }
  const list = toChunkList(hashes, crypto)
  if (list.digest !== blob.chunks)
    throw new ProtocolError('bad-field', `a chunk list of blob ${blob.hash} is not the signed one`)
  return list
}

/** Whether two equally long byte strings are the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
