/** A blob on its way into a simulated store: a part file that grows by verified chunks. */

import assert from 'node:assert/strict'
import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import { chunkCount, chunkHash, chunkSize, sameBytes } from '../../protocol/chunks.ts'
import { idBytes } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { Assembled, Assembly, FileSource } from '../../daemon/fine-port.ts'
import type { AbortOptions, IncomingBlob, StoredBlob } from '../../daemon/ports.ts'
import { fingerprintOf } from './disk-names.ts'
import type { Inode } from './inode.ts'
import { finish, partPath, storing } from './store-room.ts'
import type { StoreRoom } from './store-room.ts'
import type { Volume } from './volume.ts'

/** What of a part that is already there fits the list counts as received. */
export async function receiveBlob(room: StoreRoom, blob: BlobRef, chunks: ChunkList | null): Promise<IncomingBlob> {
  const incoming = new IncomingPart(room, blob, chunks)
  await incoming.resume()
  return incoming
}

class IncomingPart implements IncomingBlob {
  readonly blob: BlobRef
  readonly #room: StoreRoom
  readonly #chunks: ChunkList | null
  readonly #path: string
  readonly #missing: Set<number>
  #isClosed = false

  constructor(room: StoreRoom, blob: BlobRef, chunks: ChunkList | null) {
    this.blob = blob
    this.#room = room
    this.#chunks = chunks
    this.#path = partPath(room, blob.hash)
    this.#missing = new Set(Array.from({ length: chunkCount(blob.sizeBytes) }, (_, chunkNo) => chunkNo))
  }

  async resume(): Promise<void> {
    await storing(this.#room, 'open', this.#path, (volume) => {
      const part = this.#open(volume)
      const { sizeBytes } = this.blob
      if (part.sizeBytes > sizeBytes) volume.replace(this.#path, part, part.content.slice(0, sizeBytes))
      for (const no of [...this.#missing]) {
        const isThere = this.#isChunk(no, part.content.subarray(no * CHUNK_BYTES, (no + 1) * CHUNK_BYTES))
        if (isThere) this.#missing.delete(no)
      }
    })
  }

  missing(): readonly number[] {
    return [...this.#missing].sort((a, b) => a - b)
  }

  async write(chunkNo: number, bytes: Uint8Array): Promise<'written' | 'wrong'> {
    assert.ok(!this.#isClosed, 'a blob that was closed receives nothing')
    if (!this.#isChunk(chunkNo, bytes)) return 'wrong'
    if (!this.#missing.has(chunkNo)) return 'written'
    const copy = bytes.slice()
    const put = (volume: Volume): void => {
      volume.write(this.#path, this.#open(volume), chunkNo * CHUNK_BYTES, copy)
    }
    await storing(this.#room, 'write', this.#path, put, copy.length)
    this.#missing.delete(chunkNo)
    return 'written'
  }

  async assemble(source: FileSource, chunks: readonly Assembly[], { signal }: AbortOptions): Promise<Assembled[]> {
    const outcomes: Assembled[] = []
    for (const { chunkNo, copies, patches } of chunks) {
      signal.throwIfAborted()
      const bytes = new Uint8Array(chunkSize(this.blob.sizeBytes, chunkNo))
      for (const patch of patches) bytes.set(patch.bytes, patch.at)
      const isSame = await storing(this.#room, 'read', source.onDisk, (volume) => {
        const inode = volume.find(`${source.root}/${source.onDisk}`)
        if (inode?.kind !== 'file' || fingerprintOf(inode) !== source.fingerprint) return false
        for (const { at, from, bytes: length } of copies) bytes.set(inode.content.subarray(from, from + length), at)
        return true
      })
      outcomes.push(isSame ? await this.write(chunkNo, bytes) : 'changed')
    }
    return outcomes
  }

  async commit(): Promise<StoredBlob | 'wrong'> {
    assert.ok(!this.#isClosed, 'a blob that was closed is not committed')
    const isWhole = await storing(this.#room, 'read', this.#path, (volume) => {
      const { content } = this.#open(volume)
      const isRightSize = this.#missing.size === 0 && content.length === this.blob.sizeBytes
      const fits = isRightSize && sameBytes(this.#room.crypto.blake3(content), idBytes(this.blob.hash))
      if (!fits) volume.unlink(this.#path)
      return fits
    })
    if (!isWhole) return 'wrong'
    await storing(this.#room, 'fsync', this.#path, (volume) => volume.syncFile(volume.get(this.#path)))
    return finish(this.#room, this.blob.hash, this.#path)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    return Promise.resolve()
  }

  #open(volume: Volume): Inode {
    return volume.find(this.#path) ?? volume.create(this.#path, 'file')
  }

  #isChunk(chunkNo: number, bytes: Uint8Array): boolean {
    if (chunkNo < 0 || chunkNo >= chunkCount(this.blob.sizeBytes)) return false
    if (bytes.length !== chunkSize(this.blob.sizeBytes, chunkNo)) return false
    const expected = this.#chunks === null ? idBytes(this.blob.hash) : chunkHash(this.#chunks, chunkNo)
    return sameBytes(this.#room.crypto.blake3(bytes), expected)
  }
}
