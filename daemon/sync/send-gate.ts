/**
 * Whose turn it is to send when sending is limited: one frame at a time, to the device that has had the least of late, so that no
 * device is kept out by another's appetite. Metadata does not come by here. Without a limit everybody may go at once.
 *
 *     ask ──► go ──► took          the frame is read, and its bytes are known
 *      └────► later ──wake──► ask  it is another's turn, or the line is in debt
 *      └────► busy                 it would be silent for so long that the asker takes it for dead: say so
 */

import type { DeviceId } from '../../protocol/ids.ts'
import { BLOB_SILENCE_MS } from '../../protocol/limits.ts'
import type { Clock } from '../ports.ts'
import { createAlarm } from './alarm.ts'
import type { Alarm } from './alarm.ts'
import type { RateLine } from './rate-line.ts'

/** How long an asker is left without an answer at most, in milliseconds. */
const SILENT_MS_MAX = 0.75 * BLOB_SILENCE_MS

/** One stream that sends. */
export interface Sender {
  readonly device: DeviceId
  /** It may be its turn: it asks again. */
  readonly wake: () => void
}

export type Turn = 'go' | 'later' | 'busy'

interface Place {
  /** Undefined while it does not wait: it has been told to go. */
  waitsSinceMs: number | undefined
}

export class SendGate {
  readonly #line: RateLine
  readonly #clock: Clock
  readonly #alarm: Alarm
  /** Who has something to send. As many as there are streams, which are bounded. */
  readonly #senders = new Map<Sender, Place>()
  /** What went to each device of these; who comes new begins with those who have had the least. */
  readonly #served = new Map<DeviceId, number>()
  /** Whose turn it is. */
  #turn: Sender | undefined

  constructor(line: RateLine, clock: Clock, signal: AbortSignal) {
    this.#line = line
    this.#clock = clock
    this.#alarm = createAlarm(clock, signal, () => this.#wakeAll())
    const listening = line.onChange(() => this.#wakeAll())
    signal.addEventListener('abort', () => listening[Symbol.dispose](), { once: true })
  }

  /** After `go` the sender must say what it `took`, or `leave`. */
  ask(sender: Sender): Turn {
    if (!this.#line.isLimited(sender.device)) {
      this.leave(sender)
      return 'go'
    }
    const nowMs = this.#clock.monotonicMs()
    const place = this.#senders.get(sender) ?? this.#enter(sender)
    if (this.#turn !== sender) place.waitsSinceMs ??= nowMs
    this.#giveTurn()
    if (this.#turn === sender) return 'go'
    const silentMs = nowMs - (place.waitsSinceMs ?? nowMs) + this.#line.waitMs(sender.device)
    if (silentMs <= SILENT_MS_MAX && !this.#line.isPaused(sender.device)) return 'later'
    this.leave(sender)
    return 'busy'
  }

  took(sender: Sender, bytes: number): void {
    this.#line.take(sender.device, bytes)
    if (this.#turn !== sender) return
    this.#served.set(sender.device, this.#servedTo(sender) + bytes)
    this.#turn = undefined
    this.#giveTurn()
  }

  /** It has nothing to send, or has ended. */
  leave(sender: Sender): void {
    if (!this.#senders.delete(sender)) return
    const isLast = ![...this.#senders.keys()].some(({ device }) => device === sender.device)
    if (isLast) this.#served.delete(sender.device)
    if (this.#turn === sender) this.#turn = undefined
    this.#giveTurn()
  }

  #enter(sender: Sender): Place {
    const least = Math.min(...this.#served.values())
    if (!this.#served.has(sender.device)) this.#served.set(sender.device, Number.isFinite(least) ? least : 0)
    const place = { waitsSinceMs: undefined }
    this.#senders.set(sender, place)
    return place
  }

  /** Lets the one go who may and has had the least; where nobody may, it is looked again when the first may. */
  #giveTurn(): void {
    if (this.#turn !== undefined) return
    const nowMs = this.#clock.monotonicMs()
    let best: Sender | undefined
    let lookMs = Number.POSITIVE_INFINITY
    for (const [sender, { waitsSinceMs }] of this.#senders) {
      if (waitsSinceMs === undefined) continue
      const waitMs = this.#line.waitMs(sender.device)
      lookMs = Math.min(lookMs, Math.max(1, Math.min(waitMs, waitsSinceMs + SILENT_MS_MAX - nowMs)))
      if (waitMs > 0) continue
      if (best === undefined || this.#servedTo(sender) < this.#servedTo(best)) best = sender
    }
    if (best === undefined) {
      if (Number.isFinite(lookMs)) this.#alarm.at(nowMs + lookMs)
      return
    }
    this.#turn = best
    const place = this.#senders.get(best)
    if (place !== undefined) place.waitsSinceMs = undefined
    best.wake()
  }

  #servedTo({ device }: Sender): number {
    return this.#served.get(device) ?? 0
  }

  /** Each asks again, and is told how it stands. */
  #wakeAll(): undefined {
    for (const [{ wake }, { waitsSinceMs }] of [...this.#senders]) if (waitsSinceMs !== undefined) wake()
    this.#giveTurn()
  }
}
