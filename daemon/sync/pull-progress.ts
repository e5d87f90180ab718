/** How far the pulls of each folder are, as numbers and as events. A batch lasts from the first wanted blob to none. */

import type { BlobRef } from '../../protocol/chunks.ts'
import type { BlobHash, FolderId } from '../../protocol/ids.ts'
import type { Clock } from '../ports.ts'
import { Rate, etaMs } from './rate.ts'

/** Sums above this are not told: a sum of it and of what is there is still a whole number. */
const BYTES_TOLD_MAX = 2 ** 52
/** How often one file says how far it is. */
const PROGRESS_EVERY_MS = 250

/** How far a folder is. A failed file is taken out again until it is tried anew. */
export interface TransferTotals {
  readonly filesDone: number
  readonly filesTotal: number
  readonly bytesDone: number
  readonly bytesTotal: number
  /** Bytes a second over the last 5 s. */
  readonly rate: number
  /** Null while the rate is 0. */
  readonly etaMs: number | null
}

/** How far one blob is. */
export interface FileProgress {
  readonly hash: BlobHash
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly rate: number
  readonly etaMs: number | null
}

export type TransferEvent = { readonly folder: FolderId; readonly total: TransferTotals } & (
  | { readonly kind: 'batch-start' }
  | { readonly kind: 'file-start' | 'file-progress' | 'file-done'; readonly file: FileProgress }
  /** `isRetried`: it is still wanted, and is tried again by itself. */
  | { readonly kind: 'file-error'; readonly file: FileProgress; readonly reason: string; readonly isRetried: boolean }
  | { readonly kind: 'batch-done'; readonly failed: number }
)

interface FileState {
  readonly blob: BlobRef
  bytesDone: number
  isStarted: boolean
  rate: Rate | undefined
  saidMs: number
}

interface Batch {
  readonly folder: FolderId
  readonly files: Map<BlobHash, FileState>
  readonly rate: Rate
  filesDone: number
  bytesDone: number
  bytesTotal: number
  failed: number
}

export class PullProgress {
  readonly #batches = new Map<FolderId, Batch>()
  readonly #clock: Clock
  readonly #emit: (event: TransferEvent) => void

  constructor(clock: Clock, emit: (event: TransferEvent) => void) {
    this.#clock = clock
    this.#emit = emit
  }

  wanted(folder: FolderId, blob: BlobRef): void {
    const batch = this.#batches.get(folder) ?? this.#begin(folder)
    if (batch.files.has(blob.hash)) return
    batch.files.set(blob.hash, { blob, bytesDone: 0, isStarted: false, rate: undefined, saidMs: 0 })
    batch.bytesTotal += blob.sizeBytes
  }

  /** A blob is begun, or begun again; so many of its bytes are there already. */
  resumed(folder: FolderId, hash: BlobHash, bytesDone: number): void {
    const { batch, file } = this.#find(folder, hash)
    if (batch === undefined || file === undefined) return
    batch.bytesDone += bytesDone - file.bytesDone
    file.bytesDone = bytesDone
    if (!file.isStarted) this.#start(batch, file)
  }

  /** So many bytes of a blob have come. */
  moved(folder: FolderId, hash: BlobHash, bytes: number): void {
    const { batch, file } = this.#find(folder, hash)
    if (batch === undefined || file === undefined) return
    if (!file.isStarted) this.#start(batch, file)
    const nowMs = this.#clock.monotonicMs()
    file.bytesDone += bytes
    batch.bytesDone += bytes
    batch.rate.add(bytes, nowMs)
    file.rate?.add(bytes, nowMs)
    if (nowMs - file.saidMs < PROGRESS_EVERY_MS || file.bytesDone >= file.blob.sizeBytes) return
    file.saidMs = nowMs
    this.#emit({ kind: 'file-progress', ...this.#about(batch), file: this.#fileOf(file) })
  }

  landed(folder: FolderId, hash: BlobHash): void {
    const { batch, file } = this.#find(folder, hash)
    if (batch === undefined || file === undefined) return
    this.moved(folder, hash, file.blob.sizeBytes - file.bytesDone)
    batch.files.delete(hash)
    batch.filesDone++
    this.#emit({ kind: 'file-done', ...this.#about(batch), file: this.#fileOf(file) })
    this.#endIfDone(batch)
  }

  failed(folder: FolderId, hash: BlobHash, reason: string, isRetried: boolean): void {
    const { batch, file } = this.#find(folder, hash)
    if (batch === undefined || file?.isStarted !== true) return
    const said = this.#fileOf(file)
    this.#takeBack(batch, file)
    batch.failed++
    this.#emit({ kind: 'file-error', ...this.#about(batch), file: said, reason, isRetried })
  }

  /** It is no longer wanted. */
  dropped(folder: FolderId, hash: BlobHash): void {
    const { batch, file } = this.#find(folder, hash)
    if (batch === undefined || file === undefined) return
    this.#takeBack(batch, file)
    batch.files.delete(hash)
    batch.bytesTotal -= file.blob.sizeBytes
    this.#endIfDone(batch)
  }

  totals(folder: FolderId): TransferTotals | undefined {
    const batch = this.#batches.get(folder)
    return batch === undefined ? undefined : this.#about(batch).total
  }

  file(folder: FolderId, hash: BlobHash): FileProgress | undefined {
    const { file } = this.#find(folder, hash)
    return file === undefined ? undefined : this.#fileOf(file)
  }

  #begin(folder: FolderId): Batch {
    const rate = new Rate(this.#clock.monotonicMs())
    const batch: Batch = { folder, files: new Map(), rate, filesDone: 0, bytesDone: 0, bytesTotal: 0, failed: 0 }
    this.#batches.set(folder, batch)
    this.#emit({ kind: 'batch-start', ...this.#about(batch) })
    return batch
  }

  #start(batch: Batch, file: FileState): void {
    const nowMs = this.#clock.monotonicMs()
    file.isStarted = true
    file.saidMs = nowMs
    if (file.blob.chunks !== null) file.rate = new Rate(nowMs)
    this.#emit({ kind: 'file-start', ...this.#about(batch), file: this.#fileOf(file) })
  }

  #takeBack(batch: Batch, file: FileState): void {
    batch.bytesDone -= file.bytesDone
    file.bytesDone = 0
    file.isStarted = false
    file.rate = undefined
  }

  #endIfDone(batch: Batch): void {
    if (batch.files.size > 0) return
    this.#batches.delete(batch.folder)
    this.#emit({ kind: 'batch-done', ...this.#about(batch), failed: batch.failed })
  }

  #find(folder: FolderId, hash: BlobHash): { batch: Batch | undefined; file: FileState | undefined } {
    const batch = this.#batches.get(folder)
    return { batch, file: batch?.files.get(hash) }
  }

  #about(batch: Batch): { folder: FolderId; total: TransferTotals } {
    const { folder, filesDone, bytesDone } = batch
    // Sizes are what others claim: their sum may be more than can be counted.
    const bytesTotal = Math.max(bytesDone, Math.min(batch.bytesTotal, BYTES_TOLD_MAX))
    const rate = batch.rate.bytesPerSecond(this.#clock.monotonicMs())
    const filesTotal = filesDone + batch.files.size
    return {
      folder,
      total: { filesDone, filesTotal, bytesDone, bytesTotal, rate, etaMs: etaMs(bytesTotal - bytesDone, rate) },
    }
  }

  #fileOf({ blob, bytesDone, rate }: FileState): FileProgress {
    const bytesPerSecond = rate?.bytesPerSecond(this.#clock.monotonicMs()) ?? 0
    const left = etaMs(blob.sizeBytes - bytesDone, bytesPerSecond)
    return { hash: blob.hash, bytesDone, bytesTotal: blob.sizeBytes, rate: bytesPerSecond, etaMs: left }
  }
}
