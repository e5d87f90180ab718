/**
 * Where whole blobs go: into the stores of all folders that want them, a bounded number at a time; then the folders are told,
 * many at once. A folder whose store failed takes nothing for a while; the other folders go on.
 */

import type { BlobRef } from '../../protocol/chunks.ts'
import type { BlobHash, FolderId } from '../../protocol/ids.ts'
import { nextDelayMs } from '../core/backoff.ts'
import type { AbortOptions, BlobStore, Clock } from '../ports.ts'
import { errorCode } from './error-code.ts'
import { Slots } from './slots.ts'

/** Small blobs that are stored at a time: the store writes many together. */
const PUTS_MAX = 512
/** Landed blobs that are told of at once, and how long the first of them waits at most while others are being stored. */
const LANDED_MAX = 256
const LANDED_WAIT_MS = 50
/** Steps that the backoff of a full disk is ahead of that of a lost stream: it begins at some seconds. */
const FAULT_STEPS = 6

interface Pause {
  /** The code of the store's error. */
  readonly reason: string
  readonly untilMs: number
}

export interface LandingDeps {
  readonly clock: Clock
  readonly random01: () => number
  readonly storeOf: (folder: FolderId) => BlobStore | undefined
  readonly onLanded: (folder: FolderId, hashes: readonly BlobHash[]) => void
}

export class Landing {
  readonly #slots = new Slots(PUTS_MAX)
  readonly #deps: LandingDeps
  readonly #pauses = new Map<FolderId, Pause>()
  readonly #failures = new Map<FolderId, number>()
  readonly #landed = new Map<FolderId, BlobHash[]>()
  #landedCount = 0
  #landedSinceMs = 0

  constructor(deps: LandingDeps) {
    this.#deps = deps
  }

  /** The store of a folder that takes blobs now. */
  store(folder: FolderId): BlobStore | undefined {
    return this.#pauses.has(folder) ? undefined : this.#deps.storeOf(folder)
  }

  pauseOf(folder: FolderId): Pause | undefined {
    return this.#pauses.get(folder)
  }

  /** Takes nothing for the folder for a while. Returns until when; undefined if it is paused already. */
  pause(folder: FolderId, reason: string): number | undefined {
    if (this.#pauses.has(folder)) return undefined
    const failures = (this.#failures.get(folder) ?? 0) + 1
    this.#failures.set(folder, failures)
    const untilMs = this.#deps.clock.monotonicMs() + nextDelayMs(failures + FAULT_STEPS, this.#deps.random01())
    this.#pauses.set(folder, { reason, untilMs })
    return untilMs
  }

  resume(folder: FolderId): void {
    this.#pauses.delete(folder)
  }

  /** Something was stored, so the next fault of the folder is a new one. */
  stored(folder: FolderId): void {
    this.#failures.delete(folder)
  }

  /**
   * Copies a whole blob to another folder that wants it. `lost`: the first store no longer has it.
   * @throws StoreError
   */
  async copy(blob: BlobRef, from: FolderId, to: FolderId, o: AbortOptions): Promise<'copied' | 'lost'> {
    const source = this.#deps.storeOf(from)
    const target = this.store(to)
    if (source === undefined || target === undefined) return 'lost'
    try {
      await target.put(blob.hash, source.read(blob.hash, o), o)
      return 'copied'
    } catch (cause) {
      if (errorCode(cause) === 'missing') return 'lost'
      throw cause
    }
  }

  /** Stores a small blob when fewer than `PUTS_MAX` are being stored. */
  async inSlot(store: () => Promise<void>): Promise<void> {
    try {
      await this.#slots.use(store)
    } finally {
      this.flushIfIdle()
    }
  }

  /** The blob is in the folder's store. The folder is told at once unless others are about to land, too. */
  announce(folder: FolderId, hash: BlobHash): void {
    const nowMs = this.#deps.clock.monotonicMs()
    if (this.#landedCount === 0) this.#landedSinceMs = nowMs
    this.#landedCount++
    const hashes = this.#landed.get(folder)
    if (hashes === undefined) this.#landed.set(folder, [hash])
    else hashes.push(hash)
    if (this.#landedCount >= LANDED_MAX || nowMs - this.#landedSinceMs >= LANDED_WAIT_MS) this.#flush()
  }

  /** Tells of all that has landed, unless small blobs are being stored: their end will. */
  flushIfIdle(): void {
    if (this.#slots.busy === 0) this.#flush()
  }

  #flush(): void {
    if (this.#landedCount === 0) return
    const landed = [...this.#landed]
    this.#landed.clear()
    this.#landedCount = 0
    for (const [folder, hashes] of landed) this.#deps.onLanded(folder, hashes)
  }
}
