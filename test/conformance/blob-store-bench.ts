/** What the suite of `BlobStore` stands on: a store, its directory's bytes, and blobs to put into it. */

import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { BlobStore, IncomingBlob } from '../../daemon/ports.ts'
import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import { toChunkList } from '../../protocol/chunks.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'

export interface OpenedStore extends AsyncDisposable {
  readonly store: BlobStore
  /** Another program opens the same store, as after a restart. */
  reopen(): Promise<BlobStore>
  /** Flips one byte of what has arrived of a blob. */
  damagePart(hash: BlobHash, offset: number): void
  /** What a power cut may leave of a whole blob: its name, and other bytes. */
  spoil(hash: BlobHash, bytes: Uint8Array): void
}

export const crypto = createNativeCrypto()
export const { signal } = new AbortController()
export const hashOf = (bytes: Uint8Array): BlobHash => blobHashOf(crypto.blake3(bytes))
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A blob with its chunks, as a peer describes it. */
export interface SampleBlob {
  readonly ref: BlobRef
  readonly list: ChunkList | null
  readonly bytes: Uint8Array
  chunk(chunkNo: number): Uint8Array
}

/** Bytes that differ from chunk to chunk. */
export function sampleBlob(sizeBytes: number): SampleBlob {
  const bytes = new Uint8Array(sizeBytes)
  for (let at = 0; at < sizeBytes; at += CHUNK_BYTES / 4) bytes[at] = 1 + ((at / (CHUNK_BYTES / 4)) % 255)
  return blobOf(bytes)
}

export function blobOf(bytes: Uint8Array): SampleBlob {
  const sizeBytes = bytes.length
  const chunk = (chunkNo: number): Uint8Array => bytes.subarray(chunkNo * CHUNK_BYTES, (chunkNo + 1) * CHUNK_BYTES)
  const count = Math.ceil(sizeBytes / CHUNK_BYTES)
  const hashes = Array.from({ length: count }, (_, chunkNo) => crypto.blake3(chunk(chunkNo)))
  const list = count > 1 ? toChunkList(new Uint8Array(Buffer.concat(hashes)), crypto) : null
  return { ref: { hash: hashOf(bytes), sizeBytes, chunks: list?.digest ?? null }, list, bytes, chunk }
}

export class StoreBench {
  readonly store: BlobStore
  readonly opened: OpenedStore

  constructor(opened: OpenedStore) {
    this.opened = opened
    this.store = opened.store
  }

  receive({ ref, list }: SampleBlob, store = this.store): Promise<IncomingBlob> {
    return store.receive(ref, list, { signal })
  }

  async read(hash: BlobHash, range?: { start: number; end: number }): Promise<Buffer> {
    const pieces: Uint8Array[] = []
    const options = range === undefined ? { signal } : { signal, range }
    for await (const piece of this.store.read(hash, options)) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  /** Each blob as `hash size whole` or `hash size part`, sorted. */
  async listed(store = this.store): Promise<string[]> {
    const lines: string[] = []
    for await (const { hash, sizeBytes, isWhole } of store.list({ signal })) {
      lines.push(`${hash} ${sizeBytes} ${isWhole ? 'whole' : 'part'}`)
    }
    return lines.sort()
  }
}

/** Whether an error has a code of the ports. */
export function hasCode(code: string): (cause: unknown) => boolean {
  return (cause) => cause instanceof Error && 'code' in cause && cause.code === code
}
