/**
 * A blob on its way: a part file that grows by verified chunks. Its beginning without a gap is hashed in threads as it arrives, and
 * what has arrived is synced now and then, so that a commit has little left to do.
 */

import assert from 'node:assert/strict'
import { constants, ftruncateSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import { chunkCount, chunkHash, chunkSize } from '../../protocol/chunks.ts'
import { idBytes } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { Assembled, Assembly, FileSource } from '../fine-port.ts'
import type { AbortOptions, IncomingBlob, StoredBlob } from '../ports.ts'
import { memoryForReading } from '../read-memory.ts'
import type { Threads } from '../threads-port.ts'
import type { AssembleJob } from './assemble.ts'
import { PartHash } from './part-hash.ts'
import { storing } from './store-error.ts'
import type { StoreRoom } from './store-room.ts'
import { finish, partPath } from './store-room.ts'
import { piecesToWrite, writePieces } from './write-chunk.ts'

const FILE_MODE = 0o666
/** What is written before it is synced, while more arrives. */
const SYNC_BYTES = 64 * 1024 * 1024
const PART_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW

/** What of a part that is already there fits the list counts as received. @throws StoreError `no-space`, `io` */
export async function receiveBlob(
  room: StoreRoom,
  threads: Threads,
  blob: BlobRef,
  chunks: ChunkList | null,
  { signal }: AbortOptions,
): Promise<IncomingBlob> {
  signal.throwIfAborted()
  return await storing(`blob ${blob.hash}`, async () => {
    const file = await open(partPath(room, blob.hash), PART_FLAGS, FILE_MODE)
    const incoming = new IncomingPart(room, threads, { blob, chunks, file })
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
  readonly #threads: Threads
  readonly #chunks: ChunkList | null
  readonly #file: FileHandle
  readonly #missing: Set<number>
  readonly #hash: PartHash
  /** What a chunk is read into, one at a time. */
  #scratch: Uint8Array | undefined
  /** Chunks of the beginning without a gap. */
  #reachedChunks = 0
  /** What was written since the last sync began. */
  #unsyncedBytes = 0
  #isSyncing = false
  /** Told only once by the system: the commit fails by it. */
  #syncFault: { readonly cause: unknown } | undefined
  readonly #underWay = new Set<Promise<unknown>>()
  #isClosed = false
  /** Where nothing was written when it was opened. */
  #freshFrom = 0
  /** How far the file reaches once all writes that have begun are done. */
  #extent = 0

  constructor(
    room: StoreRoom,
    threads: Threads,
    { blob, chunks, file }: { blob: BlobRef; chunks: ChunkList | null; file: FileHandle },
  ) {
    this.blob = blob
    this.#room = room
    this.#threads = threads
    this.#chunks = chunks
    this.#file = file
    this.#missing = new Set(Array.from({ length: chunkCount(blob.sizeBytes) }, (_, chunkNo) => chunkNo))
    this.#hash = new PartHash(threads, partPath(room, blob.hash))
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
      if (this.#isChunk(chunkNo, bytes)) this.#missing.delete(chunkNo)
    }
    this.#reach()
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
    this.#arrived([chunkNo])
    return 'written'
  }

  async assemble(
    source: FileSource,
    chunks: readonly Assembly[],
    { signal }: AbortOptions,
  ): Promise<readonly Assembled[]> {
    assert.ok(!this.#isClosed, 'a blob that was closed receives nothing')
    const wanted = chunks.filter(({ chunkNo }) => this.#missing.has(chunkNo))
    const outcomes = await this.#track(storing(`blob ${this.blob.hash}`, () => this.#assemble(source, wanted, signal)))
    const byNo = new Map(wanted.map(({ chunkNo }, i) => [chunkNo, outcomes[i] ?? 'changed']))
    this.#arrived([...byNo].filter(([, outcome]) => outcome === 'written').map(([chunkNo]) => chunkNo))
    return chunks.map(({ chunkNo }) => byNo.get(chunkNo) ?? 'written')
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
    await this.#hash.end()
    await this.#file.close()
  }

  async #commit(): Promise<StoredBlob | 'wrong'> {
    const { hash } = this.blob
    const path = partPath(this.#room, hash)
    const syncing = this.#missing.size === 0 ? this.#sync() : Promise.resolve()
    // Its failure is told when it is waited for.
    syncing.catch(() => undefined)
    if (this.#missing.size > 0 || (await this.#hash.digest()) !== hash) {
      await syncing.catch(() => undefined)
      await rm(path, { force: true })
      return 'wrong'
    }
    await syncing
    return finish(this.#room, hash, path)
  }

  async #assemble(source: FileSource, chunks: readonly Assembly[], signal: AbortSignal): Promise<readonly Assembled[]> {
    const toAssemble = chunks.map((each) => ({
      ...each,
      sizeBytes: chunkSize(this.blob.sizeBytes, each.chunkNo),
      expected: this.#expected(each.chunkNo),
    }))
    if (toAssemble.length === 0) return []
    await this.#room.free.take(toAssemble.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
    for (const { chunkNo, sizeBytes } of toAssemble) this.#extend(chunkNo * CHUNK_BYTES + sizeBytes, true)
    const part = partPath(this.#room, this.blob.hash)
    const job: AssembleJob = { kind: 'assemble', source, part, freshFrom: this.#freshFrom, chunks: toAssemble }
    return await this.#threads.run(job, { signal, isSettled: true })
  }

  #arrived(chunkNos: readonly number[]): void {
    for (const chunkNo of chunkNos) {
      const bytes = chunkSize(this.blob.sizeBytes, chunkNo)
      this.#missing.delete(chunkNo)
      this.#room.free.wrote(this, bytes)
      this.#unsyncedBytes += bytes
    }
    this.#reach()
    if (this.#unsyncedBytes >= SYNC_BYTES && !this.#isSyncing) void this.#track(this.#syncEarly())
  }

  /** Tells how far the beginning goes without a gap. */
  #reach(): void {
    const count = chunkCount(this.blob.sizeBytes)
    while (this.#reachedChunks < count && !this.#missing.has(this.#reachedChunks)) this.#reachedChunks += 1
    this.#hash.reached(Math.min(this.#reachedChunks * CHUNK_BYTES, this.blob.sizeBytes))
  }

  async #syncEarly(): Promise<void> {
    this.#isSyncing = true
    this.#unsyncedBytes = 0
    try {
      await this.#file.datasync()
    } catch (cause) {
      this.#syncFault = { cause }
    } finally {
      this.#isSyncing = false
    }
  }

  async #sync(): Promise<void> {
    if (this.#syncFault !== undefined) throw this.#syncFault.cause
    await this.#room.slots.use(new AbortController().signal, () => this.#file.datasync())
  }

  #isChunk(chunkNo: number, bytes: Uint8Array): boolean {
    if (chunkNo < 0 || chunkNo >= chunkCount(this.blob.sizeBytes)) return false
    if (bytes.length !== chunkSize(this.blob.sizeBytes, chunkNo)) return false
    return Buffer.compare(this.#room.crypto.blake3(bytes), this.#expected(chunkNo)) === 0
  }

  #expected(chunkNo: number): Uint8Array {
    return this.#chunks === null ? idBytes(this.blob.hash) : chunkHash(this.#chunks, chunkNo)
  }

  /** Good until the next is read. */
  async #readChunk(chunkNo: number): Promise<Uint8Array> {
    this.#scratch ??= memoryForReading(CHUNK_BYTES)
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
    const pieces = piecesToWrite(bytes, position, this.#freshFrom)
    this.#extend(position + bytes.length, pieces.at(-1)?.end !== bytes.length)
    await writePieces(this.#file, bytes, position, pieces)
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
