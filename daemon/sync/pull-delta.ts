/**
 * A large blob of which this device has an older content: what both have is copied into the part, and only the rest is asked for.
 * Every chunk is still checked against the signed list before it is written, so whatever the fine list, the base or the other
 * device say wrong costs time and nothing else: such a chunk is asked for whole.
 *
 *     held ──copies, no gap──► put together ──► written        a chunk that is not what it should be: asked for whole
 *       ├────some gaps───────► patch asked ──► put together
 *       └────mostly gaps─────► asked for whole
 *
 * Chunks are held back only while the two sides cut, and each leaves as soon as it is known: so plain chunks flow meanwhile.
 */

import type { BlobRef } from '../../protocol/chunks.ts'
import { chunkSize } from '../../protocol/chunks.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { CHUNK_BYTES, RANGES_MAX } from '../../protocol/limits.ts'
import type { Recipe } from '../core/delta-match.ts'
import { gapBytes } from '../core/delta-match.ts'
import type { DeltaPlan } from '../core/delta-plan.ts'
import type { Patch } from '../core/schedule.ts'
import type { AbortOptions, Clock, Log, PeerTransport } from '../ports.ts'
import { createBell } from './bell.ts'
import type { DeltaBase } from './delta-base.ts'
import { errorCode } from './error-code.ts'
import { matchFines } from './pull-fine.ts'
import { Slots } from './slots.ts'

/** Chunks that are put together at a time: while one is written, the next are read. */
const COPIES_MAX = 4
/** Chunks that wait to be put together, or for their gaps, at a time. */
const WAITING_MAX = 2048
/** A chunk that lacks more than this share of it is asked for whole: that is checked where it comes from. */
const GAP_SHARE_MAX = 3 / 4

export interface DeltaDeps {
  readonly transport: Pick<PeerTransport, 'open'>
  readonly clock: Clock
  readonly log: Log
  readonly base: DeltaBase
  readonly plan: DeltaPlan
  readonly blob: BlobRef
  /** Whom to ask how it is cut, the best first. */
  readonly devices: readonly DeviceId[]
  /** Plain bytes that have come since the part was opened. */
  readonly plainBytes: () => number
  /** Writes a chunk of the part. Undefined: it cannot be written any more. */
  readonly write: (chunkNo: number, bytes: Uint8Array) => Promise<'written' | 'wrong' | undefined>
  /** Asks for these chunks whole. */
  readonly release: (chunkNos: readonly number[]) => void
  /** Asks a device for what some chunks lack. */
  readonly patch: (device: DeviceId, task: Patch) => void
  /** Takes back the patches that were not asked yet; their chunks are asked for whole. */
  readonly dropPatches: () => void
  /** What a device said of its content was not so, or the base has the same hashes and other bytes. */
  readonly distrust: (device: DeviceId) => void
}

export class Delta {
  readonly #deps: DeltaDeps
  readonly #ending = new AbortController()
  readonly #signal: AbortSignal
  /** Chunks that nobody but this may ask for. */
  readonly #held: Set<number>
  /** Of those, the ones that wait for their gaps. */
  readonly #recipes = new Map<number, Recipe>()
  readonly #slots = new Slots(COPIES_MAX)
  readonly #buffers: Uint8Array[] = []
  /** Something that waited has been done. */
  readonly #moved = createBell()
  #batch: Recipe[] = []
  #batchBytes = 0
  #copying = 0
  #source: DeviceId | undefined

  constructor(deps: DeltaDeps, { signal }: AbortOptions) {
    this.#deps = deps
    this.#signal = AbortSignal.any([signal, this.#ending.signal])
    this.#held = new Set(deps.plan.copies.keys())
    for (const { start, end } of deps.plan.regions) {
      for (let chunkNo = start / CHUNK_BYTES; chunkNo * CHUNK_BYTES < end; chunkNo++) this.#held.add(chunkNo)
    }
  }

  holds(chunkNo: number): boolean {
    return this.#held.has(chunkNo)
  }

  /** Until nothing is held back but what waits for its gaps. Never throws for what the base or a peer does. */
  async run(o: AbortOptions): Promise<void> {
    try {
      await Promise.all([this.#copyAll(), this.#matchAll()])
      this.#flush()
    } catch (cause) {
      if (!this.#signal.aborted) throw cause
    }
    // What is being put together is decided by that.
    await this.#moved.until(() => this.#copying === 0)
    if (o.signal.aborted) return
    this.#release([...this.#held].filter((chunkNo) => !this.#recipes.has(chunkNo)))
  }

  /** The gaps of some chunks have come. */
  async patched({ chunkNos }: Patch, bytes: Uint8Array): Promise<void> {
    let at = 0
    for (const chunkNo of chunkNos) {
      const recipe = this.#recipes.get(chunkNo)
      if (recipe === undefined) continue
      const size = gapBytes(recipe)
      await this.#putTogether(recipe, bytes.subarray(at, at + size))
      at += size
      this.#recipes.delete(chunkNo)
      this.#moved.ring()
    }
  }

  /** These patches do not come; their chunks are asked for whole by whoever says so. */
  forget({ chunkNos }: Patch): void {
    for (const chunkNo of chunkNos) {
      this.#recipes.delete(chunkNo)
      this.#held.delete(chunkNo)
    }
    this.#moved.ring()
  }

  async #copyAll(): Promise<void> {
    const { plan, blob } = this.#deps
    for (const [chunkNo, from] of plan.copies) {
      const bytes = chunkSize(blob.sizeBytes, chunkNo)
      await this.#copy({ chunkNo, copies: [{ at: 0, from, bytes }], gaps: [] })
    }
  }

  async #matchAll(): Promise<void> {
    const { plan, devices, base, blob } = this.#deps
    if (plan.regions.length === 0) return
    const o = { signal: this.#signal }
    for (const device of devices) {
      this.#source = device
      const outcome = await matchFines(
        { ...this.#deps, plan, base, blob, device, take: (r) => this.#take(r), flush: () => this.#flush() },
        o,
      )
      if (outcome === 'liar') this.#deps.distrust(device)
      if (outcome !== 'unknown') return
    }
  }

  /** A chunk of which it is known what the base has. */
  async #take(recipe: Recipe): Promise<void> {
    const gap = gapBytes(recipe)
    if (gap === 0) {
      await this.#copy(recipe)
      return
    }
    const isPlain = gap > GAP_SHARE_MAX * chunkSize(this.#deps.blob.sizeBytes, recipe.chunkNo)
    if (isPlain || recipe.gaps.length > RANGES_MAX) {
      this.#release([recipe.chunkNo])
      return
    }
    if (this.#recipes.size >= WAITING_MAX) {
      await this.#moved.until(() => this.#recipes.size < WAITING_MAX, { signal: this.#signal })
    }
    const ranges = this.#batch.reduce((sum, { gaps }) => sum + gaps.length, recipe.gaps.length)
    if (this.#batchBytes + gap > CHUNK_BYTES || ranges > RANGES_MAX) this.#flush()
    this.#batch.push(recipe)
    this.#batchBytes += gap
  }

  /** Asks for the gaps of the chunks that are known. */
  #flush(): void {
    const device = this.#source
    if (this.#batch.length === 0 || device === undefined || this.#signal.aborted) return
    const recipes = this.#batch
    this.#batch = []
    this.#batchBytes = 0
    for (const recipe of recipes) this.#recipes.set(recipe.chunkNo, recipe)
    const [chunkNos, ranges] = [recipes.map(({ chunkNo }) => chunkNo), recipes.flatMap(({ gaps }) => gaps)]
    this.#deps.patch(device, { kind: 'patch', blob: this.#deps.blob, chunkNos, ranges })
  }

  /** Begins to put a chunk together that lacks nothing; waits while too many do. */
  async #copy(recipe: Recipe): Promise<void> {
    await this.#moved.until(() => this.#copying < COPIES_MAX * 2, { signal: this.#signal })
    this.#copying++
    void this.#putTogether(recipe, new Uint8Array(0)).finally(() => {
      this.#copying--
      this.#moved.ring()
    })
  }

  async #putTogether(recipe: Recipe, gaps: Uint8Array): Promise<void> {
    const { chunkNo } = recipe
    const outcome = await this.#slots.use(() => this.#assemble(recipe, gaps))
    if (outcome === 'written') this.#held.delete(chunkNo)
    else if (outcome === 'wrong') this.#distrust(chunkNo)
    else if (outcome === 'changed') this.#giveUp(chunkNo)
  }

  async #assemble(recipe: Recipe, gaps: Uint8Array): Promise<'written' | 'wrong' | 'changed' | undefined> {
    const { blob, base, write, log } = this.#deps
    const { chunkNo } = recipe
    if (this.#signal.aborted && gaps.length === 0) return undefined
    const buffer = this.#buffers.pop() ?? new Uint8Array(CHUNK_BYTES)
    const chunk = buffer.subarray(0, chunkSize(blob.sizeBytes, chunkNo))
    try {
      fill(chunk, recipe, gaps)
      for (const { at, from, bytes } of recipe.copies) {
        const into = chunk.subarray(at, at + bytes)
        if (!(await readInto(base, from, into, { signal: this.#signal }))) return 'changed'
      }
      return await write(chunkNo, chunk)
    } catch (cause) {
      const code = errorCode(cause)
      if (this.#signal.aborted) return 'changed'
      if (code === undefined) throw cause
      log.event('pull.base-lost', { hash: blob.hash, code })
      return 'changed'
    } finally {
      this.#buffers.push(buffer)
    }
  }

  /** The bytes that were found were not those of the chunk: a hash too short for this content, or a lie. */
  #distrust(chunkNo: number): void {
    const source = this.#source
    this.#deps.log.event('pull.delta-wrong', { hash: this.#deps.blob.hash, device: source ?? null })
    this.#release([chunkNo])
    // Of a chunk that this device listed itself nobody else is to blame; the others may be as they were.
    if (this.#deps.plan.copies.has(chunkNo)) return
    if (source !== undefined) this.#deps.distrust(source)
    this.#stop()
  }

  /** The base is not what it was. */
  #giveUp(chunkNo: number): void {
    this.#recipes.delete(chunkNo)
    this.#release([chunkNo])
    this.#stop()
  }

  /** Finds no more. What was not asked for yet is asked for whole. */
  #stop(): void {
    if (this.#ending.signal.aborted) return
    this.#ending.abort(new Error('the older content is of no more use'))
    this.#deps.dropPatches()
  }

  #release(chunkNos: readonly number[]): void {
    const released = chunkNos.filter((chunkNo) => this.#held.delete(chunkNo))
    if (released.length > 0) this.#deps.release(released)
  }
}

function fill(chunk: Uint8Array, { chunkNo, gaps }: Recipe, bytes: Uint8Array): void {
  let at = 0
  for (const gap of gaps) {
    chunk.set(bytes.subarray(at, at + gap.bytes), gap.start - chunkNo * CHUNK_BYTES)
    at += gap.bytes
  }
}

/** False where the base has become shorter. */
async function readInto(base: DeltaBase, from: number, into: Uint8Array, o: AbortOptions): Promise<boolean> {
  let at = 0
  for await (const bytes of base.read({ start: from, end: from + into.length }, { ...o, into })) {
    if (at + bytes.length > into.length) return false
    if (bytes.buffer !== into.buffer) into.set(bytes, at)
    at += bytes.length
  }
  return at === into.length
}
