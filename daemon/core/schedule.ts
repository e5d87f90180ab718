/**
 * Which bytes to ask of whom next. Knows the wanted blobs, who holds them, and what has been asked; touches nothing, and
 * knows no time.
 *
 *     small (at most one chunk)   queued ──next──► asked ──remove──►
 *     large                       queued ──next──► listing ──open──► open ──remove──►
 *
 * Chunks that are put together from an older content are held back when it is opened; for what they lack, `patch` asks the device
 * that told how they are cut.
 *
 * `giveBack` takes what was asked and did not come back to where it was before. Small blobs come first, then large ones by
 * size class, so that a huge file never holds up a note; in a class first come, first served. Several holders of an open
 * blob each take the next run of its missing chunks, and small blobs are shared out among those who have them. The cost of a step does not grow with the number of wanted blobs.
 */

import { BLOB_REQUEST_BYTES_MAX, CHUNK_BYTES, CHUNKS_REPLY_MAX, GET_MANY_MAX } from '../../protocol/limits.ts'
import type { BytesAt } from '../../protocol/blob-messages.ts'
import type { BlobRef } from '../../protocol/chunks.ts'
import { chunkCount, chunkSize } from '../../protocol/chunks.ts'
import type { BlobHash, DeviceId } from '../../protocol/ids.ts'
import type { Run } from './runs.ts'
import { runsOf } from './runs.ts'
import { Shares } from './shares.ts'

/** What one request asks for. */
export type Task =
  /** Whole blobs of at most one chunk. */
  | { readonly kind: 'many'; readonly blobs: readonly BlobRef[] }
  /** Hashes of its chunk list, in order from `first`, all from one device. */
  | { readonly kind: 'list'; readonly blob: BlobRef; readonly first: number; readonly count: number }
  /** Chunks `first` to `first + count - 1`. */
  | { readonly kind: 'run'; readonly blob: BlobRef; readonly first: number; readonly count: number }
  /** What some chunks lack: at most `CHUNK_BYTES` in all. */
  | {
      readonly kind: 'patch'
      readonly blob: BlobRef
      readonly chunkNos: readonly number[]
      readonly ranges: readonly BytesAt[]
    }

export type Patch = Extract<Task, { kind: 'patch' }>

export type Phase = 'queued' | 'asked' | 'listing' | 'open'

interface Wanted {
  readonly blob: BlobRef
  readonly sizeClass: number
  holders: readonly DeviceId[]
  /** Holders that will not give it for now. */
  refusals: readonly DeviceId[]
  phase: Phase
  /** Who is sending the chunk list, and how many hashes of it were asked. */
  lister: DeviceId | undefined
  listed: number
  /** Of whom it is asked while it is small. */
  asked: DeviceId | undefined
  /** A stack of chunks to ask for: the lowest is last. */
  readonly runs: Run[]
  /** What is asked of one device alone, oldest first. */
  readonly patches: { readonly device: DeviceId; readonly task: Patch }[]
}

/** Largest sizes of the classes, and how many blobs of each may be open at a time; class 0 is of small blobs. */
const SIZE_CLASSES = [
  { maxBytes: CHUNK_BYTES, openMax: 0 },
  { maxBytes: 16 * CHUNK_BYTES, openMax: 16 },
  { maxBytes: 256 * CHUNK_BYTES, openMax: 4 },
  { maxBytes: 4096 * CHUNK_BYTES, openMax: 2 },
  { maxBytes: 65_536 * CHUNK_BYTES, openMax: 2 },
  { maxBytes: Number.POSITIVE_INFINITY, openMax: 2 },
] as const

const NOBODY: readonly DeviceId[] = []

export class Schedule {
  readonly #wanted = new Map<BlobHash, Wanted>()
  /** What each device could be asked for and is not yet: one queue a size class. */
  readonly #queues = new Map<DeviceId, Set<BlobHash>[]>()
  /** Large blobs past `queued`, oldest first, one set a size class. */
  readonly #open: readonly Set<Wanted>[] = SIZE_CLASSES.map(() => new Set())
  readonly #available = new Set<DeviceId>()
  readonly #shares = new Shares()
  /** Most blobs have the holders of the one before, and share their list. */
  #lastHolders: readonly DeviceId[] = NOBODY

  /** Whether a device can be asked at all. Open blobs that nobody available has do not keep others from being opened. */
  setAvailable(device: DeviceId, isAvailable: boolean): void {
    if (isAvailable) this.#available.add(device)
    else this.#available.delete(device)
  }

  /** Wants a blob, or replaces the holders of one that is wanted already. */
  add(blob: BlobRef, holders: readonly DeviceId[]): void {
    const known = this.#wanted.get(blob.hash)
    if (known !== undefined) this.#dequeue(known)
    const wanted = known ?? createWanted(blob)
    wanted.holders = this.#shared(holders)
    this.#wanted.set(blob.hash, wanted)
    if (wanted.phase === 'queued') this.#enqueue(wanted)
  }

  /** It is here, or no longer wanted. */
  remove(hash: BlobHash): void {
    const wanted = this.#wanted.get(hash)
    if (wanted === undefined) return
    this.#dequeue(wanted)
    this.#open[wanted.sizeClass]?.delete(wanted)
    this.#setAsked(wanted, undefined)
    this.#wanted.delete(hash)
  }

  phase(hash: BlobHash): Phase | undefined {
    return this.#wanted.get(hash)?.phase
  }

  /** Who may be asked for a blob: its holders but those that refused. */
  holders(hash: BlobHash): DeviceId[] {
    const wanted = this.#wanted.get(hash)
    return wanted === undefined ? [] : wanted.holders.filter((device) => !wanted.refusals.includes(device))
  }

  /** Whether a device may be asked for all that a task asks for, whoever is asked for it now. */
  mayGive(device: DeviceId, task: Task): boolean {
    const blobs = task.kind === 'many' ? task.blobs : [task.blob]
    return blobs.every(({ hash }) => {
      const wanted = this.#wanted.get(hash)
      return wanted?.holders.includes(device) === true && this.#isSource(wanted, device)
    })
  }

  /** Whether anybody available may be asked for it. */
  isReachable(hash: BlobHash): boolean {
    const wanted = this.#wanted.get(hash)
    return wanted !== undefined && this.#hasSource(wanted)
  }

  /** Whether there is anything to ask of a device. */
  hasWork(device: DeviceId): boolean {
    const hasWork = (c: number): boolean =>
      this.#canStart(device, c) || this.#hasPatch(device, c) || this.#findRun(device, c) !== undefined
    return SIZE_CLASSES.some((_, c) => hasWork(c))
  }

  /** Takes the next work for a device; its blobs and chunks have at most `bytesMax` bytes. Undefined: nothing fits. */
  next(device: DeviceId, bytesMax: number): Task | undefined {
    const many = this.#nextMany(device, Math.min(bytesMax, BLOB_REQUEST_BYTES_MAX))
    if (many.length > 0) return { kind: 'many', blobs: many }
    for (let c = 1; c < SIZE_CLASSES.length; c++) {
      const task =
        this.#nextList(device, c) ?? this.#nextPatch(device, c, bytesMax) ?? this.#nextRun(device, c, bytesMax)
      if (task !== undefined) return task
    }
    return undefined
  }

  /** The chunk list is here and these chunks are to be asked for, ascending. */
  open(hash: BlobHash, missing: readonly number[]): void {
    const wanted = this.#wanted.get(hash)
    if (wanted?.phase !== 'listing') return
    wanted.phase = 'open'
    wanted.lister = undefined
    wanted.runs.push(...runsOf(missing).reverse())
  }

  /** These chunks, too, are to be asked for. */
  release(hash: BlobHash, chunkNos: readonly number[]): void {
    const wanted = this.#wanted.get(hash)
    if (wanted?.phase === 'open') pushRuns(wanted, chunkNos)
  }

  /** Asks one device for what some chunks lack. */
  patch(device: DeviceId, task: Patch): void {
    const wanted = this.#wanted.get(task.blob.hash)
    if (wanted?.phase === 'open') wanted.patches.push({ device, task })
  }

  /** Takes back the patches of a blob that were not asked for yet: its chunks are asked for whole. */
  dropPatches(hash: BlobHash): Patch[] {
    const dropped = this.#wanted.get(hash)?.patches.splice(0) ?? []
    for (const { task } of dropped) this.release(hash, task.chunkNos)
    return dropped.map(({ task }) => task)
  }

  /** What was asked of a device did not come. Of a run, `chunks` are those that did not; all of them when it is left out. */
  giveBack(task: Task, chunks?: Iterable<number>): void {
    switch (task.kind) {
      case 'many':
        for (const { hash } of task.blobs) this.#requeue(hash, 'asked')
        return
      case 'list':
        this.#requeue(task.blob.hash, 'listing')
        return
      case 'run': {
        const wanted = this.#wanted.get(task.blob.hash)
        if (wanted?.phase !== 'open') return
        pushRuns(wanted, chunks ?? Array.from({ length: task.count }, (_, i) => task.first + i))
        return
      }
      case 'patch':
        this.release(task.blob.hash, [...(chunks ?? task.chunkNos)])
    }
  }

  /** Begins again with a blob: its part could not be opened or written. */
  restart(hash: BlobHash): void {
    const wanted = this.#wanted.get(hash)
    if (wanted !== undefined) this.#requeue(hash, wanted.phase)
  }

  /** Does not ask this device for the blob until it is allowed again. */
  refuse(hash: BlobHash, device: DeviceId): void {
    const wanted = this.#wanted.get(hash)
    if (wanted === undefined) return
    if (!wanted.refusals.includes(device)) wanted.refusals = [...wanted.refusals, device]
    this.#queues.get(device)?.[wanted.sizeClass]?.delete(hash)
  }

  allow(hash: BlobHash, device: DeviceId): void {
    const wanted = this.#wanted.get(hash)
    if (wanted === undefined) return
    wanted.refusals = wanted.refusals.filter((each) => each !== device)
    if (wanted.phase === 'queued') this.#enqueue(wanted)
  }

  #nextMany(device: DeviceId, bytesMax: number): BlobRef[] {
    const queue = this.#queues.get(device)?.[0]
    const blobs: BlobRef[] = []
    let bytes = 0
    let countMax = GET_MANY_MAX
    for (const hash of queue ?? []) {
      const wanted = this.#wanted.get(hash)
      if (wanted === undefined) continue
      if (blobs.length === 0) countMax = this.#shareOf(wanted, device, queue?.size ?? 0)
      bytes += wanted.blob.sizeBytes
      if (bytes > bytesMax || blobs.length >= countMax) break
      wanted.phase = 'asked'
      this.#setAsked(wanted, device)
      blobs.push(wanted.blob)
    }
    for (const { hash } of blobs) this.#dequeue(this.#wanted.get(hash))
    return blobs
  }

  #shareOf(wanted: Wanted, device: DeviceId, queuedCount: number): number {
    const sources = wanted.holders.filter((each) => this.#isSource(wanted, each))
    return Math.min(GET_MANY_MAX, this.#shares.next(device, sources, queuedCount))
  }

  #setAsked(wanted: Wanted, device: DeviceId | undefined): void {
    if (wanted.asked !== undefined) this.#shares.over(wanted.asked)
    if (device !== undefined) this.#shares.asked(device)
    wanted.asked = device
  }

  /** Goes on with a chunk list that this device is sending, or starts with another blob. */
  #nextList(device: DeviceId, sizeClass: number): Task | undefined {
    for (const wanted of this.#open[sizeClass] ?? []) {
      if (wanted.lister === device && wanted.listed < chunkCount(wanted.blob.sizeBytes)) return listTask(wanted)
    }
    if (!this.#canStart(device, sizeClass)) return undefined
    const [hash] = this.#queues.get(device)?.[sizeClass] ?? []
    const wanted = hash === undefined ? undefined : this.#wanted.get(hash)
    if (wanted === undefined) return undefined
    this.#dequeue(wanted)
    this.#open[sizeClass]?.add(wanted)
    wanted.phase = 'listing'
    wanted.lister = device
    return listTask(wanted)
  }

  #nextRun(device: DeviceId, sizeClass: number, bytesMax: number): Task | undefined {
    const wanted = this.#findRun(device, sizeClass)
    const run = wanted?.runs.at(-1)
    if (wanted === undefined || run === undefined) return undefined
    const { blob } = wanted
    let count = 0
    for (let bytes = 0; run.start + count < run.end; count++) {
      bytes += chunkSize(blob.sizeBytes, run.start + count)
      if (bytes > Math.min(bytesMax, BLOB_REQUEST_BYTES_MAX)) break
    }
    if (count === 0) return undefined
    wanted.runs.pop()
    if (run.start + count < run.end) wanted.runs.push({ start: run.start + count, end: run.end })
    return { kind: 'run', blob, first: run.start, count }
  }

  #nextPatch(device: DeviceId, sizeClass: number, bytesMax: number): Task | undefined {
    for (const { patches } of this.#open[sizeClass] ?? []) {
      const at = patches.findIndex((each) => each.device === device)
      const task = patches[at]?.task
      if (task === undefined || bytesIn(task.ranges) > bytesMax) continue
      patches.splice(at, 1)
      return task
    }
    return undefined
  }

  #hasPatch(device: DeviceId, sizeClass: number): boolean {
    for (const { patches } of this.#open[sizeClass] ?? [])
      if (patches.some((each) => each.device === device)) return true
    return false
  }

  #findRun(device: DeviceId, sizeClass: number): Wanted | undefined {
    for (const wanted of this.#open[sizeClass] ?? []) {
      if (wanted.runs.length > 0 && wanted.holders.includes(device) && !wanted.refusals.includes(device)) return wanted
    }
    return undefined
  }

  #canStart(device: DeviceId, sizeClass: number): boolean {
    if ((this.#queues.get(device)?.[sizeClass]?.size ?? 0) === 0) return false
    return sizeClass === 0 || this.#countMoving(sizeClass) < (SIZE_CLASSES[sizeClass]?.openMax ?? 0)
  }

  #countMoving(sizeClass: number): number {
    let count = 0
    for (const wanted of this.#open[sizeClass] ?? []) if (this.#hasSource(wanted)) count++
    return count
  }

  #hasSource(wanted: Wanted): boolean {
    return wanted.holders.some((device) => this.#isSource(wanted, device))
  }

  #isSource(wanted: Wanted, device: DeviceId): boolean {
    return this.#available.has(device) && !wanted.refusals.includes(device)
  }

  #shared(holders: readonly DeviceId[]): readonly DeviceId[] {
    const isSame = holders.length === this.#lastHolders.length && holders.every((d, i) => d === this.#lastHolders[i])
    if (!isSame) this.#lastHolders = holders
    return this.#lastHolders
  }

  #requeue(hash: BlobHash, from: Phase): void {
    const wanted = this.#wanted.get(hash)
    if (wanted?.phase !== from) return
    this.#open[wanted.sizeClass]?.delete(wanted)
    wanted.phase = 'queued'
    this.#setAsked(wanted, undefined)
    wanted.lister = undefined
    wanted.listed = 0
    wanted.runs.length = 0
    wanted.patches.length = 0
    this.#enqueue(wanted)
  }

  #enqueue(wanted: Wanted): void {
    for (const device of wanted.holders) {
      if (wanted.refusals.includes(device)) continue
      const queues = this.#queues.get(device) ?? SIZE_CLASSES.map(() => new Set<BlobHash>())
      this.#queues.set(device, queues)
      queues[wanted.sizeClass]?.add(wanted.blob.hash)
    }
  }

  #dequeue(wanted: Wanted | undefined): void {
    if (wanted === undefined) return
    for (const device of wanted.holders) this.#queues.get(device)?.[wanted.sizeClass]?.delete(wanted.blob.hash)
  }
}

function createWanted(blob: BlobRef): Wanted {
  return {
    blob,
    sizeClass: SIZE_CLASSES.findIndex(({ maxBytes }) => blob.sizeBytes <= maxBytes),
    holders: NOBODY,
    refusals: NOBODY,
    phase: 'queued',
    lister: undefined,
    listed: 0,
    asked: undefined,
    runs: [],
    patches: [],
  }
}

function listTask(wanted: Wanted): Task {
  const first = wanted.listed
  const count = Math.min(CHUNKS_REPLY_MAX, chunkCount(wanted.blob.sizeBytes) - first)
  wanted.listed += count
  return { kind: 'list', blob: wanted.blob, first, count }
}

function pushRuns(wanted: Wanted, chunkNos: Iterable<number>): void {
  wanted.runs.push(...runsOf([...chunkNos].sort((a, b) => a - b)).reverse())
}

/** The bytes of some ranges together. */
export function bytesIn(ranges: readonly BytesAt[]): number {
  return ranges.reduce((sum, { bytes }) => sum + bytes, 0)
}
