/**
 * The book of what is wanted: where each blob stands, what is tried again and when. Knows why something does not move, and
 * sets the schedule right when that changes.
 */

import type { BlobRefusal } from '../../protocol/blob-messages.ts'
import type { BlobRef } from '../../protocol/chunks.ts'
import { chunkCount } from '../../protocol/chunks.ts'
import type { BlobHash, DeviceId, FolderId } from '../../protocol/ids.ts'
import { CHUNK_LIST_BYTES_MAX, HASH_BYTES, LIAR_BAN_MS } from '../../protocol/limits.ts'
import { nextDelayMs } from '../core/backoff.ts'
import { Schedule } from '../core/schedule.ts'
import { errorCode } from './error-code.ts'
import { random01 } from './pull-holders.ts'
import { Landing } from './pull-landing.ts'
import type { LargePull } from './pull-large.ts'
import { PullProgress } from './pull-progress.ts'
import type { PullDeps, PullState, PullStatus, Want } from './pull.ts'
import type { Work } from './work.ts'

/** Blobs that are wanted at a time: about 100 MB of memory at most. More stay dirty paths of the plan. */
const WANTS_MAX = 100_000
/** Steps that the backoff of a holder's refusal is ahead: it begins at a second or two. */
const REFUSAL_STEPS = 4
/** How soon it is looked again whether a blob fits on the disk. */
const ROOM_LOOK_MS = 20_000
/** How long a part stays open that nobody can go on with. */
export const STUCK_MS = 60_000

/** Why nobody is asked for a blob, whoever holds it. */
export type PullVerdict =
  | 'false-entry'
  | 'too-large'
  /** It does not fit on the disk now; smaller ones may. */
  | 'no-room'

export interface Pull {
  readonly blob: BlobRef
  /** Where it must land. */
  folders: readonly FolderId[]
  /** Its part, from the first of its chunk list to the last of its chunks. */
  large: LargePull | undefined
  /** All of its bytes are here and are being stored. */
  isStoring: boolean
  /** Why it is not asked for, whoever holds it. */
  verdict: PullVerdict | undefined
  /** How often each holder refused, once one did. */
  refusals: Map<DeviceId, number> | undefined
  lastRefusal: BlobRefusal | undefined
  stuckSinceMs: number | undefined
}

/** What the book needs of those who ask and store. */
export interface BookHooks {
  readonly work: Work
  /** Ask for more, soon. */
  readonly pump: () => void
  /** Take back what was asked for of a large blob. */
  readonly cancel: (blob: BlobRef) => void
  /** A blob without bytes can be stored as it is. */
  readonly storeEmpty: (pull: Pull) => void
  readonly wakeAt: (atMs: number) => void
}

export class PullBook {
  readonly schedule = new Schedule()
  readonly landing: Landing
  readonly progress: PullProgress
  readonly #deps: PullDeps
  readonly #hooks: BookHooks
  readonly #pulls = new Map<BlobHash, Pull>()
  /** Parts that are being let go of; the same part is not opened before. */
  readonly #closing = new Map<BlobHash, Promise<void>>()
  /** What is tried again at some time, by a name that makes it one. */
  readonly #retries = new Map<string, { readonly atMs: number; readonly act: () => void }>()
  readonly #alone = new Map<FolderId, readonly FolderId[]>()
  #isFull = false

  constructor(deps: PullDeps, hooks: BookHooks) {
    this.#deps = deps
    this.#hooks = hooks
    const { clock, random, storeOf, onLanded } = deps
    this.landing = new Landing({ clock, random01: () => random01(random), storeOf, onLanded })
    this.progress = new PullProgress(clock, (event) => deps.onProgress?.(event))
  }

  get(hash: BlobHash): Pull | undefined {
    return this.#pulls.get(hash)
  }

  /** Lets go of all parts, at the end. */
  async closeAll(): Promise<void> {
    for (const { large } of this.#pulls.values()) await large?.close()
  }

  want({ blob, folder }: Want): boolean {
    const known = this.#pulls.get(blob.hash)
    const isOther = known !== undefined && !isSameRef(known.blob, blob)
    if (isOther && (known.large !== undefined || this.schedule.phase(blob.hash) === 'asked')) return false
    if (known === undefined && this.#pulls.size >= WANTS_MAX) {
      this.#isFull = true
      return false
    }
    if (isOther) this.forget(known)
    const pull = known === undefined || isOther ? createPull(blob, known?.folders) : known
    if (!pull.folders.includes(folder)) pull.folders = this.#withFolder(pull.folders, folder)
    this.#pulls.set(blob.hash, pull)
    this.progress.wanted(folder, blob)
    this.admit(pull)
    return true
  }

  /** Nearly every blob is wanted in one folder alone, and shares the list of that one. */
  #withFolder(folders: readonly FolderId[], folder: FolderId): readonly FolderId[] {
    const alone = this.#alone.get(folder) ?? [folder]
    this.#alone.set(folder, alone)
    return folders.length === 0 ? alone : [...folders, folder]
  }

  unwant(folder: FolderId, hash: BlobHash): void {
    const pull = this.#pulls.get(hash)
    if (pull?.folders.includes(folder) !== true) return
    pull.folders = pull.folders.filter((each) => each !== folder)
    this.progress.dropped(folder, hash)
    if (pull.large?.folder === folder && !pull.isStoring) this.restart(pull)
    if (pull.folders.length === 0) this.forget(pull)
    else this.admit(pull)
  }

  unwantFolder(folder: FolderId): void {
    for (const [hash, { folders }] of this.#pulls) if (folders.includes(folder)) this.unwant(folder, hash)
  }

  *wanted(): Iterable<PullStatus> {
    for (const pull of this.#pulls.values()) {
      for (const folder of pull.folders) {
        const file = this.progress.file(folder, pull.blob.hash)
        if (file === undefined) continue
        const state = this.#stateOf(pull, folder)
        const refusal = state === 'waiting-for-holder' ? pull.lastRefusal : undefined
        const reason = this.landing.pauseOf(folder)?.reason ?? refusal ?? null
        yield { ...file, folder, state, reason, holders: this.schedule.holders(pull.blob.hash) }
      }
    }
  }

  // ---- What goes wrong.

  takeRefusal(hash: BlobHash, device: DeviceId, code: BlobRefusal): void {
    const pull = this.#pulls.get(hash)
    if (pull === undefined) return
    pull.refusals ??= new Map()
    const tries = (pull.refusals.get(device) ?? 0) + 1
    pull.refusals.set(device, tries)
    pull.lastRefusal = code
    this.schedule.refuse(hash, device)
    const delayMs = nextDelayMs(tries + REFUSAL_STEPS, random01(this.#deps.random))
    this.#retry(`${hash} ${device}`, this.#nowMs() + delayMs, () => this.schedule.allow(hash, device))
    this.#deps.onFault?.({ kind: 'refused', device, hash, code })
  }

  /** A folder's store failed: it takes nothing for a while. @throws what has no code, since nobody knows what it means */
  takeStoreFault(folder: FolderId, cause: unknown): void {
    if (this.#deps.signal.aborted) return
    const code = errorCode(cause)
    if (code === undefined) throw cause
    const retryAtMs = this.landing.pause(folder, code)
    if (retryAtMs === undefined) return
    const message = cause instanceof Error ? cause.message : code
    this.#deps.log.event('pull.paused', { folder, code })
    this.#deps.onFault?.({ kind: 'store', folder, code, message, retryAtMs })
    for (const pull of this.#pullsOf(folder)) {
      if (pull.large?.folder === folder) this.restart(pull)
      this.progress.failed(folder, pull.blob.hash, code, true)
      this.admit(pull)
    }
    this.#retry(`folder ${folder}`, retryAtMs, () => {
      this.landing.resume(folder)
      for (const pull of this.#pullsOf(folder)) this.admit(pull)
    })
  }

  /** What entries say of the blob is not true, or beyond us. */
  judge(pull: Pull, verdict: PullVerdict): void {
    const { hash } = pull.blob
    if (pull.verdict !== undefined) return
    if (verdict === 'no-room') this.restart(pull)
    pull.verdict = verdict
    pull.large = undefined
    for (const folder of pull.folders) {
      this.progress.failed(folder, hash, verdict, verdict !== 'too-large')
    }
    this.#deps.log.event('pull.refused', { hash, reason: verdict })
    this.#deps.onFault?.({ kind: verdict, hash })
    this.admit(pull)
    if (verdict === 'too-large') return
    const retryMs = verdict === 'no-room' ? ROOM_LOOK_MS : LIAR_BAN_MS
    this.#retry(`false ${hash}`, this.#nowMs() + retryMs, () => {
      pull.verdict = undefined
      this.admit(pull)
    })
  }

  // ---- Where each stands.

  /** Lets the schedule know of it, or forget it where nothing can be done for now. */
  admit(pull: Pull): void {
    const { blob } = pull
    if (this.#pulls.get(blob.hash) !== pull) return
    if (chunkCount(blob.sizeBytes) * HASH_BYTES > CHUNK_LIST_BYTES_MAX && pull.verdict === undefined) {
      this.judge(pull, 'too-large')
    } else if (pull.verdict !== undefined || this.target(pull) === undefined) {
      this.schedule.remove(blob.hash)
    } else if (blob.sizeBytes === 0) {
      if (!pull.isStoring) this.#hooks.storeEmpty(pull)
    } else {
      this.schedule.add(blob, this.#deps.holdersOf(blob))
      this.#hooks.pump()
    }
  }

  /** The folder whose store takes the blob first. */
  target(pull: Pull): FolderId | undefined {
    if (pull.large !== undefined) return pull.large.folder
    for (const folder of pull.folders) if (this.landing.store(folder) !== undefined) return folder
    return undefined
  }

  /** Begins again with what is on its way of a blob. */
  restart(pull: Pull): void {
    const { blob, large } = pull
    pull.large = undefined
    this.#hooks.cancel(blob)
    this.schedule.restart(blob.hash)
    if (large === undefined) return
    const closing = this.#hooks.work.spawn(large.close()).finally(() => {
      if (this.#closing.get(blob.hash) === closing) this.#closing.delete(blob.hash)
    })
    this.#closing.set(blob.hash, closing)
  }

  forget(pull: Pull): void {
    const { hash } = pull.blob
    if (this.#pulls.get(hash) !== pull) return
    if (pull.large !== undefined) this.restart(pull)
    this.schedule.remove(hash)
    this.#pulls.delete(hash)
    for (const device of pull.refusals?.keys() ?? []) this.#retries.delete(`${hash} ${device}`)
    this.#retries.delete(`false ${hash}`)
    if (!this.#isFull || this.#pulls.size > WANTS_MAX / 2) return
    this.#isFull = false
    this.#deps.onRoom?.()
  }

  #stateOf(pull: Pull, folder: FolderId): PullState {
    const { hash } = pull.blob
    if (pull.verdict !== undefined) return pull.verdict === 'no-room' ? 'no-space' : pull.verdict
    const pause = this.landing.pauseOf(folder)
    if (pause !== undefined) return pause.reason === 'no-space' ? 'no-space' : 'store-fault'
    if (pull.isStoring) return 'active'
    if (!this.schedule.isReachable(hash)) return 'waiting-for-holder'
    return this.schedule.phase(hash) === 'queued' ? 'queued' : 'active'
  }

  *#pullsOf(folder: FolderId): Iterable<Pull> {
    for (const pull of [...this.#pulls.values()]) if (pull.folders.includes(folder)) yield pull
  }

  /** Resolves when an earlier part of the blob has been let go of. */
  async closed(hash: BlobHash): Promise<void> {
    await this.#closing.get(hash)
  }

  // ---- Time.

  /** Does what is due; returns when the next thing is. */
  tick(): number | undefined {
    const nowMs = this.#nowMs()
    let nextMs = this.#parkStuck(nowMs) ?? Number.POSITIVE_INFINITY
    for (const [name, { atMs, act }] of this.#retries) {
      if (atMs > nowMs) nextMs = Math.min(nextMs, atMs)
      else {
        this.#retries.delete(name)
        act()
      }
    }
    return Number.isFinite(nextMs) ? nextMs : undefined
  }

  /** Lets go of parts that nobody could go on with for a while; returns when to look again. */
  #parkStuck(nowMs: number): number | undefined {
    let nextMs: number | undefined
    for (const pull of this.#pulls.values()) {
      if (pull.large === undefined || pull.isStoring || this.schedule.isReachable(pull.blob.hash)) {
        pull.stuckSinceMs = undefined
        continue
      }
      pull.stuckSinceMs ??= nowMs
      if (nowMs - pull.stuckSinceMs >= STUCK_MS) this.restart(pull)
      else nextMs = Math.min(nextMs ?? Number.POSITIVE_INFINITY, pull.stuckSinceMs + STUCK_MS)
    }
    return nextMs
  }

  #retry(name: string, atMs: number, act: () => void): void {
    this.#retries.set(name, { atMs, act })
    this.#hooks.wakeAt(atMs)
  }

  #nowMs(): number {
    return this.#deps.clock.monotonicMs()
  }
}

function createPull(blob: BlobRef, folders: readonly FolderId[] = []): Pull {
  // Written out: objects that are spread into one take twice its memory.
  return {
    blob,
    folders,
    large: undefined,
    isStoring: false,
    verdict: undefined,
    refusals: undefined,
    lastRefusal: undefined,
    stuckSinceMs: undefined,
  }
}

function isSameRef(a: BlobRef, b: BlobRef): boolean {
  return a.sizeBytes === b.sizeBytes && a.chunks === b.chunks
}
