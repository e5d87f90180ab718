/**
 * A large blob of which this device has an older content: what both have is copied into the part, and only the rest is asked for.
 * Every chunk is still checked against the signed list before it is written, so whatever the fine list, the base or the other
 * device say wrong costs time and nothing else: such a chunk is asked for whole.
 *
 *     held ──copies, no gap──► put together ──► written        a chunk that is not what it should be: asked for whole
 *       ├────some gaps───────► patch asked ──► put together
 *       └────mostly gaps─────► asked for whole
 *
 * Chunks are held back only while the two sides cut, and each leaves as soon as it is known: so plain chunks flow meanwhile. Behind
 * what was found the base mostly goes on as the new content does, which the chunk list proves without any cut: that is tried first.
 */

import type { DeviceId } from '../../protocol/ids.ts'
import { chunkSize } from '../../protocol/chunks.ts'
import type { Region } from '../../protocol/fine-cut.ts'
import { CHUNK_BYTES, RANGES_MAX } from '../../protocol/limits.ts'
import type { Recipe } from '../core/delta-match.ts'
import { gapBytes, goesOnAt } from '../core/delta-match.ts'
import { planSearch, without } from '../core/delta-plan.ts'
import type { Patch } from '../core/schedule.ts'
import type { Assembled, Assembly } from '../fine-port.ts'
import type { AbortOptions } from '../ports.ts'
import { Bell } from '../bell.ts'
import { Assembler } from './pull-assemble.ts'
import type { FineDeps } from './pull-fine.ts'
import { matchFines } from './pull-fine.ts'

/** Chunks that wait for their gaps at a time. */
const WAITING_MAX = 2048
/** A chunk that lacks more than this share of it is asked for whole: that is checked where it comes from. */
const GAP_SHARE_MAX = 3 / 4
/** Chunks that are tried at a time behind what was found, and how many times the next place is passed over after a failure. */
const TRIED_MAX = 64
const PASSED_OVER_MAX = 32
/** So many chunks that were found without a cut are worth asking anew for how the rest is cut. */
const FOUND_MIN = 32

/** How often, and after how many milliseconds, one who was asked is asked anew while it has not noticed that it need not go on. */
const ASKED_ANEW_MAX = 20
const ASKED_ANEW_MS = 50
const NOTHING = new Uint8Array(0)

export interface DeltaDeps extends Omit<FineDeps, 'device' | 'take' | 'flush'> {
  /** Whom to ask how it is cut, the best first. */
  readonly devices: readonly DeviceId[]
  /** Puts chunks of the part together from the base. Undefined: it cannot be written any more. */
  readonly assemble: (chunks: readonly Assembly[]) => Promise<readonly Assembled[] | undefined>
  /** Asks for these chunks whole. */
  readonly release: (chunkNos: readonly number[]) => void
  /** Asks a device for what some chunks lack. */
  readonly patch: (device: DeviceId, task: Patch) => void
  /** Takes back the patches that were not asked yet; their chunks are asked for whole. */
  readonly dropPatches: () => void
  /** What a device said of its content was not so, or the base has the same hashes and other bytes. */
  readonly distrust: (device: DeviceId) => void
}

/** From here on the base may go on as the new content does: so many chunks are tried next, and so many were found. */
interface Ahead {
  chunkNo: number
  from: number
  count: number
  found: number
}

export class Delta {
  readonly #deps: DeltaDeps
  readonly #ending = new AbortController()
  readonly #signal: AbortSignal
  /** Chunks that nobody but this may ask for. */
  readonly #held: Set<number>
  /** Of those, the ones of which it is not known what the base has. */
  readonly #sought = new Set<number>()
  /** And the ones that wait for their gaps. */
  readonly #recipes = new Map<number, Recipe>()
  /** Where the base is still of use. */
  #baseRegions: readonly Region[]
  readonly #assembler: Assembler
  /** A chunk no longer waits for its gaps. */
  readonly #moved = new Bell()
  #batch: Recipe[] = []
  #batchBytes = 0
  #source: DeviceId | undefined
  /** How far the base is tried, while nobody cuts. */
  #ahead: Ahead | undefined
  /** Places that are passed over before the base is tried again, and how many after the next failure. */
  #passOver = 0
  #nextPassOver = 1

  constructor(deps: DeltaDeps, { signal }: AbortOptions) {
    this.#deps = deps
    this.#signal = AbortSignal.any([signal, this.#ending.signal])
    for (const { start, end } of deps.plan.regions) {
      for (let chunkNo = start / CHUNK_BYTES; chunkNo * CHUNK_BYTES < end; chunkNo++) this.#sought.add(chunkNo)
    }
    this.#held = new Set([...deps.plan.copies.keys(), ...this.#sought])
    this.#baseRegions = deps.plan.baseRegions
    this.#assembler = new Assembler(deps.assemble)
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
    await this.#assembler.idle()
    if (o.signal.aborted) return
    this.#release([...this.#held].filter((chunkNo) => !this.#recipes.has(chunkNo)))
  }

  /** The gaps of some chunks have come. */
  async patched({ chunkNos }: Patch, bytes: Uint8Array): Promise<void> {
    let at = 0
    const putting: Promise<void>[] = []
    for (const chunkNo of chunkNos) {
      const recipe = this.#recipes.get(chunkNo)
      if (recipe === undefined) continue
      const size = gapBytes(recipe)
      putting.push(this.#put(recipe, bytes.subarray(at, at + size)))
      at += size
    }
    await Promise.all(putting)
    for (const chunkNo of chunkNos) this.#recipes.delete(chunkNo)
    this.#moved.ring()
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
      await this.#assembler.room({ signal: this.#signal })
      void this.#put({ chunkNo, copies: [{ at: 0, from, bytes }], gaps: [] })
    }
  }

  async #matchAll(): Promise<void> {
    for (const device of this.#deps.devices) {
      this.#source = device
      const outcome = await this.#matchWith(device)
      if (outcome === 'liar') this.#deps.distrust(device)
      if (outcome !== 'unknown') return
    }
  }

  /** Asks anew for what is left whenever much was found without a cut. */
  async #matchWith(device: DeviceId): ReturnType<typeof matchFines> {
    const { deps, signal } = { deps: this.#deps, signal: this.#signal }
    for (let busy = ASKED_ANEW_MAX; ;) {
      const chunkNos = [...this.#sought].sort((a, b) => a - b)
      const plan = { ...deps.plan, ...planSearch(deps.blob.sizeBytes, chunkNos, this.#baseRegions) }
      if (plan.regions.length === 0) return 'matched'
      const about = { device, plan, take: (recipe: Recipe) => this.#take(recipe), flush: () => this.#flush() }
      const outcome = await matchFines({ ...deps, ...about }, { signal })
      if (this.#ahead !== undefined) await this.#follow(this.#ahead, Infinity)
      this.#ahead = undefined
      if (outcome === 'ahead') busy = 0
      else if (outcome !== 'unknown' || busy++ >= ASKED_ANEW_MAX) return outcome
      else await deps.clock.sleep(ASKED_ANEW_MS, { signal })
    }
  }

  /** A chunk of which it is known what the base has. True: much of what follows has been found by that. */
  async #take(recipe: Recipe): Promise<boolean> {
    if (!this.#sought.delete(recipe.chunkNo)) return false
    await this.#use(recipe)
    return await this.#tryNext(recipe)
  }

  async #use(recipe: Recipe): Promise<void> {
    const gap = gapBytes(recipe)
    if (gap === 0) {
      await this.#assembler.room({ signal: this.#signal })
      void this.#put(recipe)
      return
    }
    const isPlain = gap > GAP_SHARE_MAX * chunkSize(this.#deps.blob.sizeBytes, recipe.chunkNo)
    if (isPlain || recipe.gaps.length > RANGES_MAX) {
      this.#release([recipe.chunkNo])
      return
    }
    if (this.#recipes.size >= WAITING_MAX) {
      await this.#moved.until(() => this.#recipes.size < WAITING_MAX, this.#signal)
    }
    const ranges = this.#batch.reduce((sum, { gaps }) => sum + gaps.length, recipe.gaps.length)
    if (this.#batchBytes + gap > CHUNK_BYTES || ranges > RANGES_MAX) this.#flush()
    this.#batch.push(recipe)
    this.#batchBytes += gap
  }

  /**
   * Tries whether the base goes on behind a chunk as the new content does. True: it does for so long that what was asked for is mostly
   * known, and `#ahead` says where to go on while nobody cuts.
   */
  async #tryNext(recipe: Recipe): Promise<boolean> {
    const from = goesOnAt(recipe, this.#deps.blob.sizeBytes)
    if (from === undefined || this.#passOver-- > 0) return false
    this.#flush()
    const begun = { chunkNo: recipe.chunkNo + 1, from, count: 1, found: 0 }
    this.#ahead = await this.#follow(begun, FOUND_MIN)
    const hasFailed = begun.found === 0
    this.#nextPassOver = hasFailed ? Math.min(2 * this.#nextPassOver, PASSED_OVER_MAX) : 1
    this.#passOver = hasFailed ? this.#nextPassOver : 0
    return begun.found >= FOUND_MIN
  }

  /** Goes on until a chunk is something else, or so many are found: then it returns where it is. */
  async #follow(ahead: Ahead, foundMax: number): Promise<Ahead | undefined> {
    while (ahead.found < foundMax) {
      const tried = this.#piecesFrom(ahead)
      const outcomes = await Promise.all(tried.map((each) => this.#assembler.put(each)))
      const written = tried.filter((_, i) => outcomes[i] === 'written')
      for (const each of written) this.#found(each)
      ahead.found += written.length
      if (outcomes.includes('changed')) this.#stop()
      if (written.length < ahead.count) return undefined
      ahead.chunkNo += ahead.count
      ahead.from += ahead.count * CHUNK_BYTES
      ahead.count = Math.min(2 * ahead.count, TRIED_MAX)
    }
    return ahead
  }

  /** Chunks that nothing is known of, as they are if the base goes on from there. */
  #piecesFrom({ chunkNo: first, from, count }: Ahead): Assembly[] {
    const { blob, base } = this.#deps
    const tried: Assembly[] = []
    for (let chunkNo = first; chunkNo < first + count && this.#sought.has(chunkNo); chunkNo++) {
      const [at, bytes] = [from + (chunkNo - first) * CHUNK_BYTES, chunkSize(blob.sizeBytes, chunkNo)]
      if (at + bytes > base.sizeBytes) break
      tried.push({ chunkNo, copies: [{ at: 0, from: at, bytes }], patches: [] })
    }
    return tried
  }

  #found({ chunkNo, copies }: Assembly): void {
    this.#sought.delete(chunkNo)
    this.#held.delete(chunkNo)
    for (const { from, bytes } of copies) {
      this.#baseRegions = without(this.#baseRegions, { start: from, end: from + bytes })
    }
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

  /** @param gaps what the base does not have, until it resolves */
  async #put(recipe: Recipe, gaps: Uint8Array = NOTHING): Promise<void> {
    const { chunkNo, copies } = recipe
    const outcome = await this.#assembler.put({ chunkNo, copies, patches: patchesOf(recipe, gaps) })
    if (outcome === 'written') this.#held.delete(chunkNo)
    else if (outcome === 'wrong') this.#distrust(chunkNo)
    else if (outcome === 'changed') this.#giveUp(chunkNo)
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
    this.#deps.log.event('pull.base-lost', { hash: this.#deps.blob.hash, code: 'changed' })
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

/** The gaps of a recipe with their bytes, which stand one behind the other. */
function patchesOf({ chunkNo, gaps }: Recipe, bytes: Uint8Array): Assembly['patches'] {
  let from = 0
  return gaps.map((gap) => {
    from += gap.bytes
    return { at: gap.start - chunkNo * CHUNK_BYTES, bytes: bytes.subarray(from - gap.bytes, from) }
  })
}
