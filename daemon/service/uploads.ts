/**
 * How far other devices are with what they fetch from here, by folder, as numbers and as events. They ask for as much as they
 * want next and never for all that they lack, so a batch is what was asked for until nothing was sent for a while.
 */

import type { BlobHash, DeviceId, FolderId } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { Clock } from '../ports.ts'
import type { FileProgress, TransferTotals } from '../sync/pull-progress.ts'
import type { SentPart } from '../sync/serve.ts'
import { Rate, etaMs } from '../sync/rate.ts'

/** A batch is over when nothing of it was sent for so long. */
const QUIET_MS = 3000
const LOOK_MS = 1000
/** How often one file says how far it is. */
const PROGRESS_EVERY_MS = 250

export type UploadEvent = { readonly folder: FolderId; readonly total: TransferTotals } & (
  | { readonly kind: 'batch-start' }
  | { readonly kind: 'batch-done'; readonly failed: 0 }
  | {
      readonly kind: 'file-start' | 'file-progress' | 'file-done'
      readonly device: DeviceId
      readonly file: FileProgress
    }
)

/** A file of more than one chunk on its way to a device. */
interface FileState {
  readonly device: DeviceId
  readonly hash: BlobHash
  readonly sizeBytes: number
  readonly rate: Rate
  bytesDone: number
  saidMs: number
}

interface Batch {
  readonly folder: FolderId
  readonly files: Map<string, FileState>
  readonly rate: Rate
  filesDone: number
  bytesDone: number
  /** Of what has been asked for so far. */
  bytesTotal: number
  sentMs: number
}

export interface UploadsOptions {
  readonly clock: Clock
  emit(event: UploadEvent): void
}

export class Uploads implements Disposable {
  readonly #o: UploadsOptions
  readonly #batches = new Map<FolderId, Batch>()
  readonly #end = new AbortController()
  #isLooking = false

  constructor(options: UploadsOptions) {
    this.#o = options
  }

  /** So many bytes of a blob went to a device. Small ones are told in sums only. */
  sent(device: DeviceId, { folder, hash, bytes, sizeBytes }: SentPart): void {
    const nowMs = this.#o.clock.monotonicMs()
    const batch = this.#batches.get(folder) ?? this.#begin(folder, nowMs)
    batch.sentMs = nowMs
    batch.bytesDone += bytes
    batch.rate.add(bytes, nowMs)
    if (sizeBytes <= CHUNK_BYTES) {
      batch.filesDone += 1
      batch.bytesTotal += bytes
      return
    }
    const file = batch.files.get(`${device} ${hash}`) ?? this.#start(batch, { device, hash, sizeBytes }, nowMs)
    this.#advance(batch, file, bytes, nowMs)
  }

  totals(folder: FolderId): TransferTotals | undefined {
    const batch = this.#batches.get(folder)
    return batch === undefined ? undefined : this.#about(batch).total
  }

  /** The files that are on their way. */
  active(): { folder: FolderId; device: DeviceId; file: FileProgress }[] {
    return [...this.#batches.values()].flatMap(({ folder, files }) =>
      [...files.values()].map((file) => ({ folder, device: file.device, file: this.#fileOf(file) })),
    )
  }

  [Symbol.dispose](): void {
    this.#end.abort(new Error('nothing is sent any more'))
  }

  #begin(folder: FolderId, nowMs: number): Batch {
    const sums = { filesDone: 0, bytesDone: 0, bytesTotal: 0 }
    const batch: Batch = { folder, files: new Map(), rate: new Rate(nowMs), ...sums, sentMs: nowMs }
    this.#batches.set(folder, batch)
    this.#o.emit({ kind: 'batch-start', ...this.#about(batch) })
    this.#look().catch(() => undefined)
    return batch
  }

  #start(batch: Batch, about: Pick<FileState, 'device' | 'hash' | 'sizeBytes'>, nowMs: number): FileState {
    const file: FileState = { ...about, rate: new Rate(nowMs), bytesDone: 0, saidMs: nowMs }
    batch.files.set(`${file.device} ${file.hash}`, file)
    batch.bytesTotal += file.sizeBytes
    this.#o.emit({ kind: 'file-start', ...this.#about(batch), device: file.device, file: this.#fileOf(file) })
    return file
  }

  #advance(batch: Batch, file: FileState, bytes: number, nowMs: number): void {
    file.bytesDone += bytes
    file.rate.add(bytes, nowMs)
    const isDone = file.bytesDone >= file.sizeBytes
    if (!isDone && nowMs - file.saidMs < PROGRESS_EVERY_MS) return
    file.saidMs = nowMs
    if (isDone) {
      batch.files.delete(`${file.device} ${file.hash}`)
      batch.filesDone += 1
    }
    const kind = isDone ? 'file-done' : 'file-progress'
    this.#o.emit({ kind, ...this.#about(batch), device: file.device, file: this.#fileOf(file) })
  }

  /** Ends what has gone quiet, for as long as there is anything. */
  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      while (this.#batches.size > 0) {
        await this.#o.clock.sleep(LOOK_MS, { signal: this.#end.signal })
        const nowMs = this.#o.clock.monotonicMs()
        for (const batch of [...this.#batches.values()]) {
          if (nowMs - batch.sentMs < QUIET_MS) continue
          this.#batches.delete(batch.folder)
          this.#o.emit({ kind: 'batch-done', ...this.#about(batch), failed: 0 })
        }
      }
    } finally {
      this.#isLooking = false
    }
  }

  #about(batch: Batch): { folder: FolderId; total: TransferTotals } {
    const { folder, filesDone, bytesDone, bytesTotal } = batch
    const rate = batch.rate.bytesPerSecond(this.#o.clock.monotonicMs())
    const left = Math.max(0, bytesTotal - bytesDone)
    const filesTotal = filesDone + batch.files.size
    // What else they lack they will ask for: nobody knows how long that takes.
    const eta = left === 0 ? null : etaMs(left, rate)
    return { folder, total: { filesDone, filesTotal, bytesDone, bytesTotal, rate, etaMs: eta } }
  }

  #fileOf({ hash, sizeBytes, bytesDone, rate }: FileState): FileProgress {
    const bytesPerSecond = rate.bytesPerSecond(this.#o.clock.monotonicMs())
    return {
      hash,
      bytesDone,
      bytesTotal: sizeBytes,
      rate: bytesPerSecond,
      etaMs: etaMs(sizeBytes - bytesDone, bytesPerSecond),
    }
  }
}
