/**
 * One blob of more than one chunk on its way: first its chunk list, checked against the signed digest, then the chunks, each
 * checked before it is written, then the whole. Writes go one after another; whoever sends is bounded by the window.
 */

import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import { chunkCount, chunkSize, openChunkList } from '../../protocol/chunks.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import { HASH_BYTES } from '../../protocol/limits.ts'
import type { Assembled, Assembly, FileSource } from '../fine-port.ts'
import type { AbortOptions, BlobStore, IncomingBlob } from '../ports.ts'
import type { Delta } from './pull-delta.ts'

export class LargePull {
  readonly blob: BlobRef
  /** Where it lands. */
  readonly folder: FolderId
  /** Who sends the chunk list: to blame if it is false. */
  readonly lister: DeviceId
  /** Puts it together from an older content, where there is one. */
  delta: Delta | undefined
  /** Plain bytes that have come. */
  plainBytes = 0
  readonly #ending = new AbortController()
  readonly #list: { readonly first: number; readonly hashes: Uint8Array }[] = []
  #incoming: IncomingBlob | undefined
  /** Chunks that are not there yet. */
  #missing = new Set<number>()
  #isClosed = false
  /** The last write, or whatever else must end before the next may begin. */
  #tail: Promise<unknown> = Promise.resolve()

  constructor(blob: BlobRef, folder: FolderId, lister: DeviceId) {
    this.blob = blob
    this.folder = folder
    this.lister = lister
  }

  /** Aborts when it is closed. */
  get signal(): AbortSignal {
    return this.#ending.signal
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * Takes a part of the chunk list, of the length that was asked for; returns the list once it is whole.
   *
   * @throws ProtocolError `bad-field` unless it is the one that the entry names
   */
  addHashes(first: number, hashes: Uint8Array, crypto: Crypto): ChunkList | undefined {
    this.#list.push({ first, hashes })
    const length = this.#list.reduce((sum, part) => sum + part.hashes.length, 0)
    if (length < chunkCount(this.blob.sizeBytes) * HASH_BYTES) return undefined
    const whole = new Uint8Array(length)
    for (const part of this.#list) whole.set(part.hashes, part.first * HASH_BYTES)
    this.#list.length = 0
    return openChunkList(whole, this.blob, crypto)
  }

  /** Opens the part; returns the chunks that are missing, ascending. Undefined: closed meanwhile. @throws StoreError */
  open(store: BlobStore, list: ChunkList, o: AbortOptions): Promise<readonly number[] | undefined> {
    return this.#inTurn(async () => {
      this.#incoming = await store.receive(this.blob, list, o)
      const missing = this.#incoming.missing()
      this.#missing = new Set(missing)
      return missing
    })
  }

  /** `last`: written, and nothing is missing any more. Undefined: closed meanwhile. @throws StoreError */
  write(chunkNo: number, bytes: Uint8Array): Promise<'written' | 'last' | 'wrong' | undefined> {
    return this.#inTurn(async () => {
      const outcome = await this.#incoming?.write(chunkNo, bytes)
      if (outcome !== 'written') return outcome
      return this.#isLast([chunkNo]) ? 'last' : 'written'
    })
  }

  /**
   * Puts chunks together from an older file; more than once at a time, beside the writes. Undefined: closed meanwhile.
   *
   * @throws StoreError; the signal's reason
   */
  async assemble(
    source: FileSource,
    chunks: readonly Assembly[],
  ): Promise<{ readonly outcomes: readonly Assembled[]; readonly isLast: boolean } | undefined> {
    if (this.#isClosed || this.#incoming === undefined) return undefined
    const outcomes = await this.#incoming.assemble(source, chunks, { signal: this.signal })
    const written = chunks.filter((_, i) => outcomes[i] === 'written').map(({ chunkNo }) => chunkNo)
    return { outcomes, isLast: this.#isLast(written) }
  }

  /** `wrong`: the chunk list was not the blob's; the part is gone. Undefined: closed meanwhile. @throws StoreError */
  async commit(): Promise<'whole' | 'wrong' | undefined> {
    const outcome = await this.#inTurn(async () => this.#incoming?.commit())
    return outcome === 'wrong' || outcome === undefined ? outcome : 'whole'
  }

  /** Lets go of the part; what has arrived stays. Idempotent. */
  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#isClosed = true
    this.#ending.abort(new Error('the part was closed'))
    const closing = this.#tail.then(async () => await this.#incoming?.[Symbol.asyncDispose]())
    this.#tail = closing
    return closing
  }

  /** Whether nothing is missing any more because of these. */
  #isLast(written: readonly number[]): boolean {
    const isNew = written.filter((chunkNo) => this.#missing.delete(chunkNo)).length > 0
    return isNew && this.#missing.size === 0
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T | undefined> {
    const turn = this.#tail.then(() => (this.#isClosed ? undefined : step()))
    // Whoever asked for the step is told of its failure; the next step begins all the same.
    this.#tail = turn.catch(() => undefined)
    return turn
  }
}

/** The bytes that some chunks of a blob have. */
export function chunksBytes(blob: BlobRef, chunkNos: readonly number[]): number {
  return chunkNos.reduce((sum, chunkNo) => sum + chunkSize(blob.sizeBytes, chunkNo), 0)
}
