/**
 * A blob on its way: a part file that grows by verified chunks. Its beginning without a gap is hashed as it arrives, so that a
 * commit reads again only what came ahead of it.
 */

import assert from 'node:assert/strict'
import { constants, ftruncateSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import { chunkCount, chunkHash, chunkSize } from '../../protocol/chunks.ts'
import type { Hasher } from '../../protocol/crypto.ts'
import { blobHashOf, idBytes } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { AbortOptions, IncomingBlob, StoredBlob } from '../ports.ts'
import { withoutHoles } from './holes.ts'
import { hasErrno, storing } from './store-error.ts'
import type { StoreRoom } from './store-room.ts'
import { finish, partPath } from './store-room.ts'

const FILE_MODE = 0o666
const PART_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW

/** What of a part that is already there fits the list counts as received. @throws StoreError `no-space`, `io` */
export async function receiveBlob(
  room: StoreRoom,
  blob: BlobRef,
  chunks: ChunkList | null,
  { signal }: AbortOptions,
): Promise<IncomingBlob> {
  signal.throwIfAborted()
  return await storing(`blob ${blob.hash}`, async () => {
    const file = await open(partPath(room, blob.hash), PART_FLAGS, FILE_MODE)
    const incoming = new IncomingPart(room, blob, chunks, file)
    try {
      await room.free.promise(incoming, blob.sizeBytes - (await incoming.resume(signal)))
      return incoming
    } catch (cause) {
      await incoming[Symbol.asyncDispose]()
      throw cause
    }
  })
}

class IncomingPart implements IncomingBlob {
  readonly blob: BlobRef
  readonly #room: StoreRoom
  readonly #chunks: ChunkList | null
  readonly #file: FileHandle
  readonly #missing: Set<number>
  readonly #hasher: Hasher
  /** What a chunk is read into, one at a time. */
  #scratch: Uint8Array | undefined
  /** Chunks of the beginning that the hasher has seen. */
  #hashedChunks = 0
  #isCatchingUp = false
  readonly #underWay = new Set<Promise<unknown>>()
  #isClosed = false
  /** Where nothing was written when it was opened. */
  #freshFrom = 0
  /** How far the file reaches once all writes that have begun are done. */
  #extent = 0

  constructor(room: StoreRoom, blob: BlobRef, chunks: ChunkList | null, file: FileHandle) {
    this.blob = blob
    this.#room = room
    this.#chunks = chunks
    this.#file = file
    this.#missing = new Set(Array.from({ length: chunkCount(blob.sizeBytes) }, (_, chunkNo) => chunkNo))
    this.#hasher = room.crypto.hasher()
  }

  /** Reads the part as far as it goes, each byte once. @returns the bytes that are there already. */
  async resume(signal: AbortSignal): Promise<number> {
    const { size } = await this.#file.stat()
    if (size > this.blob.sizeBytes) await this.#file.truncate(this.blob.sizeBytes)
    this.#freshFrom = size
    this.#extent = Math.min(size, this.blob.sizeBytes)
    for (const chunkNo of [...this.#missing]) {
      if (chunkNo * CHUNK_BYTES >= size) break
      signal.throwIfAborted()
      const bytes = await this.#readChunk(chunkNo)
      if (this.#isChunk(chunkNo, bytes)) this.#arrived(chunkNo, bytes)
    }
    return Math.min(size, this.blob.sizeBytes)
  }

  missing(): readonly number[] {
    return [...this.#missing].sort((a, b) => a - b)
  }

  async write(chunkNo: number, bytes: Uint8Array): Promise<'written' | 'wrong'> {
    assert.ok(!this.#isClosed, 'a blob that was closed receives nothing')
    if (!this.#isChunk(chunkNo, bytes)) return 'wrong'
    if (!this.#missing.has(chunkNo)) return 'written'
    const writing = storing(`blob ${this.blob.hash}`, async () => {
      await this.#room.free.take(bytes.length)
      await this.#writeAll(bytes, chunkNo * CHUNK_BYTES)
    })
    await this.#track(writing)
    this.#room.free.wrote(this, bytes.length)
    this.#arrived(chunkNo, bytes)
    return 'written'
  }

  async commit(): Promise<StoredBlob | 'wrong'> {
    assert.ok(!this.#isClosed, 'a blob that was closed is not committed')
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
    return await this.#track(storing(`blob ${this.blob.hash}`, () => this.#commit()))
  }

  /** Waits for writes that are under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#room.free.release(this)
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
    await this.#file.close()
  }

  async #commit(): Promise<StoredBlob | 'wrong'> {
    const { hash } = this.blob
    const path = partPath(this.#room, hash)
    if (!(await this.#isWhole())) {
      await rm(path, { force: true })
      return 'wrong'
    }
    await this.#room.slots.use(new AbortController().signal, () => this.#file.datasync())
    return finish(this.#room, hash, path)
  }

  async #isWhole(): Promise<boolean> {
    if (this.#missing.size > 0) return false
    while (this.#isNextThere()) this.#hashNext(await this.#readChunk(this.#hashedChunks))
    return blobHashOf(this.#hasher.digest()) === this.blob.hash
  }

  #arrived(chunkNo: number, bytes: Uint8Array): void {
    this.#missing.delete(chunkNo)
    if (this.#isCatchingUp) return
    if (chunkNo === this.#hashedChunks) this.#hashNext(bytes)
    if (this.#isNextThere()) void this.#track(this.#catchUp())
  }

  #hashNext(bytes: Uint8Array): void {
    this.#hasher.update(bytes)
    this.#hashedChunks += 1
  }

  #isNextThere(): boolean {
    return this.#hashedChunks < chunkCount(this.blob.sizeBytes) && !this.#missing.has(this.#hashedChunks)
  }

  /** Hashes what came ahead. What cannot be read now is read again by the commit, which then says why not. */
  async #catchUp(): Promise<void> {
    this.#isCatchingUp = true
    try {
      while (this.#isNextThere()) this.#hashNext(await this.#readChunk(this.#hashedChunks))
    } catch (cause) {
      if (!hasErrno(cause, 'EIO', 'EBADF', 'ENOMEM', 'ESTALE')) throw cause
    } finally {
      this.#isCatchingUp = false
    }
  }

  #isChunk(chunkNo: number, bytes: Uint8Array): boolean {
    if (chunkNo < 0 || chunkNo >= chunkCount(this.blob.sizeBytes)) return false
    if (bytes.length !== chunkSize(this.blob.sizeBytes, chunkNo)) return false
    const expected = this.#chunks === null ? idBytes(this.blob.hash) : chunkHash(this.#chunks, chunkNo)
    return Buffer.compare(this.#room.crypto.blake3(bytes), expected) === 0
  }

  /** Good until the next is read. */
  async #readChunk(chunkNo: number): Promise<Uint8Array> {
    this.#scratch ??= new Uint8Array(CHUNK_BYTES)
    const bytes = this.#scratch.subarray(0, chunkSize(this.blob.sizeBytes, chunkNo))
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await this.#file.read(bytes, filled, bytes.length - filled, chunkNo * CHUNK_BYTES + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  }

  async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
    const parts = position >= this.#freshFrom ? [...withoutHoles(bytes)] : [{ at: 0, end: bytes.length }]
    this.#extend(position + bytes.length, parts.at(-1)?.end !== bytes.length)
    for (const { at: start, end } of parts) {
      for (let at = start; at < end;) {
        at += (await this.#file.write(bytes, at, end - at, position + at)).bytesWritten
      }
    }
  }

  /** A chunk that ends in a hole is there only if the file reaches to its end. At once, so that no write of another comes between. */
  #extend(end: number, isHole: boolean): void {
    if (end <= this.#extent) return
    this.#extent = end
    if (isHole) ftruncateSync(this.#file.fd, end)
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work)
    try {
      return await work
    } finally {
      this.#underWay.delete(work)
    }
  }
}
