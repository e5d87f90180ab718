/** What comes from holders, and where it goes: checked by the store before it is written, landed when it is whole. */

import type { BlobRefusal } from '../../protocol/blob-messages.ts'
import type { BlobRef, ChunkList } from '../../protocol/chunks.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { LIAR_BAN_MS } from '../../protocol/limits.ts'
import { planDelta } from '../core/delta-plan.ts'
import type { Patch, Task } from '../core/schedule.ts'
import type { Assembled, Assembly, FileSource } from '../fine-port.ts'
import type { Clock, Log, PeerTransport } from '../ports.ts'
import type { DeltaBase } from './delta-base.ts'
import { errorCode } from './error-code.ts'
import type { Pull, PullBook } from './pull-book.ts'
import type { Deliver, Holders } from './pull-holders.ts'
import { Delta } from './pull-delta.ts'
import { LargePull, chunksBytes } from './pull-large.ts'
import type { Rest } from './pull-link.ts'
import type { Work } from './work.ts'

export interface ArrivalsDeps {
  readonly book: PullBook
  readonly crypto: Crypto
  readonly work: Work
  readonly signal: AbortSignal
  /** The holders deliver here, so they are made later. */
  readonly holders: () => Holders
  readonly transport: Pick<PeerTransport, 'open'>
  readonly clock: Clock
  readonly log: Log
  readonly baseOf: (folder: FolderId, blob: BlobRef) => DeltaBase | undefined
  /** A list that fits what its holders signed: what lets this device serve the blob later. */
  readonly onChunkList: (list: ChunkList) => void
  readonly onBanned: (device: DeviceId, reason: string) => void
  /** Parts may be stuck; look again after a while. */
  readonly onUnavailable: () => void
}

export class Arrivals implements Deliver {
  readonly #deps: ArrivalsDeps
  readonly #book: PullBook
  readonly #signal: AbortSignal
  /** Devices whose fine lists were of no use, and until when they are not asked for any. */
  readonly #distrusted = new Map<DeviceId, number>()

  constructor(deps: ArrivalsDeps) {
    this.#deps = deps
    this.#book = deps.book
    this.#signal = deps.signal
  }

  blob(device: DeviceId, blob: BlobRef, bytes: Uint8Array): Promise<void> {
    return this.#deps.work.spawn(this.#book.landing.inSlot(() => this.#takeBlob(device, blob, bytes)))
  }

  /** A blob without bytes needs no holder. */
  empty(pull: Pull): void {
    const store = async (): Promise<void> => {
      if (pull.isStoring || this.#book.get(pull.blob.hash) !== pull) return
      if ((await this.#store(pull, new Uint8Array(0))) === 'wrong') this.#book.judge(pull, 'false-entry')
    }
    void this.#deps.work.spawn(this.#book.landing.inSlot(store))
  }

  chunk(device: DeviceId, blob: BlobRef, chunkNo: number, bytes: Uint8Array): Promise<void> {
    return this.#deps.work.spawn(this.#takeChunk(device, blob, chunkNo, bytes))
  }

  /** Of a part that was let go of meanwhile it is dropped. */
  patch(_device: DeviceId, task: Patch, bytes: Uint8Array): Promise<void> {
    const delta = this.#book.get(task.blob.hash)?.large?.delta
    return this.#deps.work.spawn(delta?.patched(task, bytes) ?? Promise.resolve())
  }

  hashes(device: DeviceId, blob: BlobRef, first: number, hashes: Uint8Array): void {
    const pull = this.#book.get(blob.hash)
    if (pull === undefined || this.#book.schedule.phase(blob.hash) !== 'listing') return
    const folder = this.#book.target(pull)
    if (folder === undefined) return
    const large = pull.large ?? new LargePull(blob, folder, device)
    pull.large = large
    try {
      const list = large.addHashes(first, hashes, this.#deps.crypto)
      if (list !== undefined) void this.#deps.work.spawn(this.#open(pull, large, list))
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause
      this.#book.restart(pull)
      this.#deps.holders().ban(device, 'a false chunk list')
    }
  }

  refused(device: DeviceId, rest: Rest, code: BlobRefusal): void {
    if (code === 'busy') this.#deps.holders().backOff(device)
    else for (const { hash } of blobsOf(rest.task)) this.#book.takeRefusal(hash, device, code)
    this.lost(device, [rest])
  }

  lost(_device: DeviceId, rest: readonly Rest[]): void {
    for (const { task, chunks } of rest) {
      if (task.kind === 'list') {
        // Its other parts are of no use: the next holder is asked for all of it.
        this.#deps.holders().cancel(task.blob)
        const pull = this.#book.get(task.blob.hash)
        if (pull !== undefined && this.#book.schedule.phase(task.blob.hash) === 'listing') pull.large = undefined
      }
      if (task.kind === 'patch') this.#book.get(task.blob.hash)?.large?.delta?.forget(task)
      this.#book.schedule.giveBack(task, chunks)
    }
    this.#deps.holders().pump()
  }

  unavailable(): void {
    this.#deps.onUnavailable()
  }

  banned(device: DeviceId, reason: string): void {
    this.#deps.onBanned(device, reason)
  }

  async #takeBlob(device: DeviceId, blob: BlobRef, bytes: Uint8Array): Promise<void> {
    const pull = this.#book.get(blob.hash)
    if (pull === undefined || pull.isStoring || this.#signal.aborted) return
    const isTrueSize = bytes.length === blob.sizeBytes
    if (!isTrueSize && blobHashOf(this.#deps.crypto.blake3(bytes)) === blob.hash) this.#book.judge(pull, 'false-entry')
    else if (!isTrueSize || (await this.#store(pull, bytes)) === 'wrong') {
      this.#giveBackSmall(blob)
      this.#deps.holders().ban(device, 'a wrong blob')
    }
  }

  /** Stores a small blob, which comes whole. */
  async #store(pull: Pull, bytes: Uint8Array): Promise<'wrong' | undefined> {
    const { blob } = pull
    const folder = this.#book.target(pull)
    const store = folder === undefined ? undefined : this.#book.landing.store(folder)
    if (folder === undefined || store === undefined) {
      this.#giveBackSmall(blob)
      return undefined
    }
    pull.isStoring = true
    try {
      this.#book.progress.resumed(folder, blob.hash, 0)
      await store.put(blob.hash, bytes, { signal: this.#signal })
    } catch (cause) {
      pull.isStoring = false
      if (errorCode(cause) === 'wrong-hash') return 'wrong'
      this.#giveBackSmall(blob)
      this.#book.takeStoreFault(folder, cause)
      return undefined
    }
    await this.#land(pull, folder)
    return undefined
  }

  #giveBackSmall(blob: BlobRef): void {
    this.#book.schedule.giveBack({ kind: 'many', blobs: [blob] })
    this.#deps.holders().pump()
  }

  async #open(pull: Pull, large: LargePull, list: ChunkList): Promise<void> {
    const { blob, folder } = large
    await this.#book.closed(blob.hash)
    const store = this.#book.landing.store(folder)
    if (pull.large !== large) return
    if (store === undefined) {
      this.#book.restart(pull)
      this.#book.admit(pull)
      return
    }
    try {
      this.#deps.onChunkList(list)
      if ((await store.stat(blob.hash)) !== undefined) {
        await this.#land(pull, folder)
        return
      }
      const missing = await large.open(store, list, { signal: this.#signal })
      if (missing === undefined || pull.large !== large) return
      this.#book.progress.resumed(folder, blob.hash, blob.sizeBytes - chunksBytes(blob, missing))
      const delta = missing.length === 0 ? undefined : this.#delta(pull, large, list, missing)
      large.delta = delta
      this.#book.schedule.open(blob.hash, delta === undefined ? missing : missing.filter((each) => !delta.holds(each)))
      this.#deps.holders().pump()
      if (delta !== undefined) void this.#deps.work.spawn(delta.run({ signal: this.#signal }))
      if (missing.length === 0) await this.#finish(pull, large)
    } catch (cause) {
      if (errorCode(cause) === 'no-room') this.#book.judge(pull, 'no-room')
      else this.#book.takeStoreFault(folder, cause)
    }
  }

  async #takeChunk(device: DeviceId, blob: BlobRef, chunkNo: number, bytes: Uint8Array): Promise<void> {
    const pull = this.#book.get(blob.hash)
    const large = pull?.large
    if (pull === undefined || large === undefined) return
    large.plainBytes += bytes.length
    if ((await this.#write(pull, large, chunkNo, bytes)) !== 'wrong') return
    this.#book.schedule.giveBack({ kind: 'run', blob, first: chunkNo, count: 1 })
    this.#deps.holders().ban(device, 'a wrong chunk')
  }

  /** Undefined: the part was let go of, or its store failed, which is told. */
  async #write(
    pull: Pull,
    large: LargePull,
    chunkNo: number,
    bytes: Uint8Array,
  ): Promise<'written' | 'wrong' | undefined> {
    try {
      const outcome = await large.write(chunkNo, bytes)
      if (outcome === undefined || pull.large !== large) return undefined
      if (outcome === 'wrong') return 'wrong'
      await this.#wrote(pull, large, bytes.length, outcome === 'last')
      return 'written'
    } catch (cause) {
      if (pull.large === large) this.#book.takeStoreFault(large.folder, cause)
      return undefined
    }
  }

  /** As `#write`, for chunks that are put together. */
  async #assemble(
    pull: Pull,
    large: LargePull,
    source: FileSource,
    chunks: readonly Assembly[],
  ): Promise<readonly Assembled[] | undefined> {
    try {
      const done = await large.assemble(source, chunks)
      if (done === undefined || pull.large !== large) return undefined
      const written = chunks.filter((_, i) => done.outcomes[i] === 'written').map(({ chunkNo }) => chunkNo)
      if (written.length > 0) await this.#wrote(pull, large, chunksBytes(large.blob, written), done.isLast)
      return done.outcomes
    } catch (cause) {
      if (pull.large === large && !large.isClosed) this.#book.takeStoreFault(large.folder, cause)
      return undefined
    }
  }

  async #wrote(pull: Pull, large: LargePull, bytes: number, isLast: boolean): Promise<void> {
    this.#book.landing.stored(large.folder)
    this.#book.progress.moved(large.folder, pull.blob.hash, bytes)
    if (isLast) await this.#finish(pull, large)
  }

  /** Puts it together from what the folder has of an older content. */
  #delta(pull: Pull, large: LargePull, list: ChunkList, missing: readonly number[]): Delta | undefined {
    const { blob, folder } = large
    const base = this.#deps.baseOf(folder, blob)
    if (base === undefined) return undefined
    const plan = planDelta({ blob, list, missing, baseBytes: base.sizeBytes, baseList: base.list })
    if (plan.copies.size === 0 && plan.regions.length === 0) return undefined
    const { transport, clock, log } = this.#deps
    const { schedule } = this.#book
    const pump = (): void => this.#deps.holders().pump()
    const signal = AbortSignal.any([this.#signal, large.signal])
    const isHere = (): boolean => pull.large === large && !signal.aborted
    return new Delta(
      {
        ...{ transport, clock, log, base, plan, blob },
        devices: this.#askable(large),
        plainBytes: () => large.plainBytes,
        assemble: (chunks) => this.#assemble(pull, large, base.source, chunks),
        release: (chunkNos) => {
          if (!isHere()) return
          schedule.release(blob.hash, chunkNos)
          pump()
        },
        patch: (device, task) => {
          if (!isHere()) return
          schedule.patch(device, task)
          pump()
        },
        dropPatches: () => {
          if (!isHere()) return
          for (const task of schedule.dropPatches(blob.hash)) large.delta?.forget(task)
          pump()
        },
        distrust: (device) => this.#distrusted.set(device, clock.monotonicMs() + LIAR_BAN_MS),
      },
      { signal },
    )
  }

  /** Whom to ask how a blob is cut: first who sent its chunk list, and is there. */
  #askable({ blob, lister }: LargePull): DeviceId[] {
    const holders = this.#book.schedule.holders(blob.hash).filter((device) => device !== lister)
    const nowMs = this.#deps.clock.monotonicMs()
    return [lister, ...holders].filter((device) => (this.#distrusted.get(device) ?? 0) <= nowMs)
  }

  async #finish(pull: Pull, large: LargePull): Promise<void> {
    pull.isStoring = true
    try {
      const outcome = await large.commit()
      if (outcome === 'whole') await this.#land(pull, large.folder)
      if (outcome === 'wrong') this.#book.judge(pull, 'false-entry')
    } finally {
      pull.isStoring = false
      await large.close()
    }
  }

  /** It is whole in the store of one folder: copies it to the others that want it, and tells them all. */
  async #land(pull: Pull, folder: FolderId): Promise<void> {
    const { blob } = pull
    pull.isStoring = true
    this.#book.landing.stored(folder)
    const landed = [folder]
    for (const other of pull.folders) {
      if (other !== folder && (await this.#copy(blob, folder, other))) landed.push(other)
    }
    pull.isStoring = false
    pull.large = undefined
    for (const each of landed) {
      if (!pull.folders.includes(each)) continue
      pull.folders = pull.folders.filter((other) => other !== each)
      this.#book.progress.landed(each, blob.hash)
      this.#book.landing.announce(each, blob.hash)
    }
    if (pull.folders.length === 0) this.#book.forget(pull)
    else {
      this.#book.schedule.remove(blob.hash)
      this.#book.admit(pull)
    }
    this.#book.landing.flushIfIdle()
  }

  async #copy(blob: BlobRef, from: FolderId, to: FolderId): Promise<boolean> {
    try {
      return (await this.#book.landing.copy(blob, from, to, { signal: this.#signal })) === 'copied'
    } catch (cause) {
      this.#book.takeStoreFault(to, cause)
      return false
    }
  }
}

function blobsOf(task: Task): readonly BlobRef[] {
  return task.kind === 'many' ? task.blobs : [task.blob]
}
