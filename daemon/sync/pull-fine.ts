/**
 * Two cuts that meet: this device cuts its older content while the other cuts the new one and sends how. The own cut stays some
 * way ahead, so that what was moved a little is found; memory for both is bounded, whatever their sizes.
 */

import type { BlobRef } from '../../protocol/chunks.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Region } from '../../protocol/fine-cut.ts'
import { fineListBytes, finesOf } from '../../protocol/fine-cut.ts'
import { encodeFineAsk, parseFineReply } from '../../protocol/fine-messages.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { FINE_REGIONS_MAX, FINE_SILENCE_MS } from '../../protocol/limits.ts'
import { FINE } from '../../protocol/protocols.ts'
import type { Recipe } from '../core/delta-match.ts'
import { FineIndex, INDEX_PIECES_MAX, Matcher } from '../core/delta-match.ts'
import type { DeltaPlan } from '../core/delta-plan.ts'
import { bytesOf } from '../core/delta-plan.ts'
import type { AbortOptions, Clock, Log, PeerStream, PeerTransport } from '../ports.ts'
import { Bell } from '../bell.ts'
import { startDeadline } from './deadline.ts'
import type { DeltaBase } from './delta-base.ts'
import { errorCode } from './error-code.ts'

const MIB = 1024 * 1024
/** How far the own cut is ahead before pieces are looked for: a tenth of a second. */
const AHEAD_MIN_BYTES = 64 * MIB
/** Nothing is said of hope before so much was looked at. */
const HOPE_BYTES = 128 * MIB
/** Below this share found it is not worth the cutting where the line is fast. */
const HOPE_SHARE = 1 / 8
/** A line is fast where it brings this share of what is cut meanwhile. */
const FAST_SHARE = 1 / 8

export interface FineDeps {
  readonly transport: Pick<PeerTransport, 'open'>
  readonly clock: Clock
  readonly log: Log
  readonly base: DeltaBase
  readonly plan: DeltaPlan
  readonly blob: BlobRef
  readonly device: DeviceId
  readonly plainBytes: () => number
  /** A chunk of which all pieces are known, in order. True: much of what follows is known by other means now. */
  readonly take: (recipe: Recipe) => Promise<boolean>
  /** No more are known for now. */
  readonly flush: () => void
}

/**
 * `unknown`: it does not know of fine lists, or cannot make one now. `given-up`: what is left is better asked for whole. `ahead`: much
 * of what would follow is known.
 */
type Outcome = 'matched' | 'unknown' | 'given-up' | 'liar' | 'ahead'

export async function matchFines(deps: FineDeps, o: AbortOptions): Promise<Outcome> {
  using opening = startDeadline(deps.clock, FINE_SILENCE_MS, o)
  let stream: PeerStream
  try {
    stream = await deps.transport.open(deps.device, FINE, { signal: opening.signal })
  } catch (cause) {
    if (o.signal.aborted || (!opening.isOver && errorCode(cause) === undefined)) throw cause
    return 'unknown'
  }
  const ending = new AbortController()
  const signal = AbortSignal.any([o.signal, ending.signal])
  const cut = new BaseCut(deps, signal)
  const cutting = cut.run()
  try {
    return await new Meeting(deps, stream, cut, { signal: o.signal }).run()
  } catch (cause) {
    const isLie = cause instanceof ProtocolError
    if (!isLie && (o.signal.aborted || errorCode(cause) === undefined)) throw cause
    deps.log.event('pull.fine-lost', { device: deps.device, reason: String(cause) })
    return isLie ? 'liar' : 'given-up'
  } finally {
    ending.abort(new Error('no more is looked for'))
    stream.abort('done')
    await cutting
  }
}

/** The base, as far as it is cut. */
class BaseCut {
  readonly index = new FineIndex()
  readonly #deps: FineDeps
  readonly #signal: AbortSignal
  readonly #aheadMax: number
  readonly #moved = new Bell()
  #done = 0
  #wanted = 0
  hasEnded = false

  constructor(deps: FineDeps, signal: AbortSignal) {
    this.#deps = deps
    this.#signal = signal
    this.#aheadMax = (INDEX_PIECES_MAX / 2) * 2 ** deps.plan.averageBits
  }

  /** Until it is cut to its end, is not what it was, or nobody needs it. */
  async run(): Promise<void> {
    const { base, plan, log, blob } = this.#deps
    const o = { signal: this.#signal }
    try {
      for (const region of plan.baseRegions) {
        let at = region.start
        for await (const list of base.cut(region, plan.averageBits, o)) {
          for (const fine of finesOf(list)) {
            this.index.add(fine, at)
            at += fine.bytes
            this.#done += fine.bytes
          }
          this.#moved.ring()
          await this.#moved.until(() => this.#done <= this.#wanted + this.#aheadMax, o.signal)
        }
      }
    } catch (cause) {
      const code = errorCode(cause)
      if (!this.#signal.aborted && code === undefined) throw cause
      if (!this.#signal.aborted) log.event('pull.base-lost', { hash: blob.hash, code: code ?? null })
    } finally {
      this.hasEnded = true
      this.#moved.ring()
    }
  }

  /** Waits until it is so far ahead of this place, or at its end. */
  async ahead(bytes: number): Promise<void> {
    this.#wanted = bytes
    this.#moved.ring()
    await this.#moved.until(() => this.hasEnded || this.#done >= bytes + AHEAD_MIN_BYTES, this.#signal)
  }
}

class Meeting {
  readonly #deps: FineDeps
  readonly #stream: PeerStream
  readonly #cut: BaseCut
  readonly #signal: AbortSignal
  readonly #totalBytes: number
  #seenBytes = 0
  #matchedBytes = 0

  constructor(deps: FineDeps, stream: PeerStream, cut: BaseCut, { signal }: AbortOptions) {
    this.#deps = deps
    this.#stream = stream
    this.#cut = cut
    this.#signal = signal
    this.#totalBytes = bytesOf(deps.plan.regions)
  }

  /** @throws ProtocolError, and what the stream throws */
  async run(): Promise<Outcome> {
    const { regions } = this.#deps.plan
    for (let at = 0; at < regions.length; at += FINE_REGIONS_MAX) {
      const outcome = await this.#ask(regions.slice(at, at + FINE_REGIONS_MAX))
      if (outcome !== 'matched') return outcome
    }
    return 'matched'
  }

  async #ask(regions: readonly Region[]): Promise<Outcome> {
    const { blob, plan } = this.#deps
    const { averageBits } = plan
    const matcher = new Matcher(blob.sizeBytes, averageBits, regions)
    await this.#inTime((o) => this.#stream.write(encodeFineAsk({ hash: blob.hash, averageBits, regions }), o))
    for (;;) {
      const frame = await this.#inTime((o) => this.#stream.read(o))
      if (frame === undefined) return this.#seenBytes === 0 ? 'unknown' : 'given-up'
      const reply = parseFineReply(frame)
      if (reply.kind === 'refused') return this.#seenBytes === 0 ? 'unknown' : 'given-up'
      if (reply.kind === 'end') {
        if (!matcher.isDone) throw new ProtocolError('out-of-turn', 'fine chunks that end too early')
        return 'matched'
      }
      if (await this.#match(matcher, reply.list)) return 'ahead'
      if (this.#isHopeless()) return 'given-up'
    }
  }

  /** Whether much of what follows is known by that. */
  async #match(matcher: Matcher, list: Uint8Array): Promise<boolean> {
    this.#seenBytes = Math.min(this.#totalBytes, this.#seenBytes + fineListBytes(list))
    await this.#cut.ahead(this.#seenBytes)
    const before = matcher.matchedBytes
    for (const fine of finesOf(list)) {
      for (const recipe of matcher.take(fine, this.#cut.index.find(fine))) {
        if (await this.#deps.take(recipe)) return true
      }
    }
    this.#deps.flush()
    this.#matchedBytes += matcher.matchedBytes - before
    return false
  }

  /** Little is found, and the line brings the rest nearly as fast as it is cut. */
  #isHopeless(): boolean {
    const isLittle = this.#seenBytes >= HOPE_BYTES && this.#matchedBytes < this.#seenBytes * HOPE_SHARE
    return isLittle && this.#deps.plainBytes() >= this.#seenBytes * FAST_SHARE
  }

  async #inTime<T>(act: (o: AbortOptions) => Promise<T>): Promise<T> {
    using deadline = startDeadline(this.#deps.clock, FINE_SILENCE_MS, { signal: this.#signal })
    try {
      return await act({ signal: deadline.signal })
    } catch (cause) {
      if (!deadline.isOver) throw cause
      throw Object.assign(new Error('the other side does not say how it is cut', { cause }), { code: 'silent' })
    }
  }
}
