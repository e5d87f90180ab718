/**
 * The devices that blobs are pulled from: who is online, banned or to be left alone for a while, the stream to each, and how
 * much may be on its way. Decides when to ask; the schedule decides what.
 *
 *     offline ──► online ──link──► asked ──► online …      a lost stream, `busy` or silence: left alone with backoff
 *                                    └── a wrong byte ──► banned for an hour, connection dropped
 */

import type { BlobRefusal } from '../../protocol/blob-messages.ts'
import type { BlobRef } from '../../protocol/chunks.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { BLOB_SILENCE_MS, BLOB_WINDOWS_BYTES_MAX, CHUNK_BYTES, LIAR_BAN_MS } from '../../protocol/limits.ts'
import { BLOB } from '../../protocol/protocols.ts'
import { nextDelayMs } from '../core/backoff.ts'
import type { Patch, Schedule } from '../core/schedule.ts'
import { createWindow } from '../core/window.ts'
import type { Clock, Log, PeerTransport, Random } from '../ports.ts'
import type { Alarm } from './alarm.ts'
import { hasCode, startDeadline } from './deadline.ts'
import type { Movable, Receiver, Rest } from './pull-link.ts'
import { PullLink, restBytes } from './pull-link.ts'
import { findLate } from './pull-rescue.ts'
import type { RateLine } from './rate-line.ts'
import type { Work } from './work.ts'

/** Requests that one device may have to answer at a time: enough to keep small blobs flowing. */
const ASKS_MAX = 8
/** How long a stream may take to open, in milliseconds. */
const OPEN_MS = 20_000
/** How soon it is looked again whether a device is too slow for another one that has time, in milliseconds. */
const RESCUE_LOOK_MS = 500
/** How often what devices owe is looked through at most, in milliseconds. */
const TAKE_OVER_EVERY_MS = 50
/** Steps that the backoff of a silent device is ahead of that of one whose stream broke. */
const SILENCE_STEPS = 6

export interface HoldersDeps {
  readonly transport: Pick<PeerTransport, 'open' | 'drop' | 'presence'>
  readonly clock: Clock
  readonly log: Log
  readonly random: Random
  readonly schedule: Schedule
  readonly alarm: Alarm
  readonly signal: AbortSignal
  readonly work: Work
  readonly deliver: Deliver
  /** How fast bytes of blobs may come in; left out: as fast as they can. */
  readonly line?: RateLine | undefined
}

/** Where what comes goes to: as in `Receiver`, with the device that it comes from. */
export interface Deliver {
  blob(device: DeviceId, blob: BlobRef, bytes: Uint8Array): Promise<void>
  chunk(device: DeviceId, blob: BlobRef, chunkNo: number, bytes: Uint8Array): Promise<void>
  patch(device: DeviceId, task: Patch, bytes: Uint8Array): Promise<void>
  hashes(device: DeviceId, blob: BlobRef, first: number, hashes: Uint8Array): void
  refused(device: DeviceId, rest: Rest, code: BlobRefusal): void
  /** These requests ended with the stream. */
  lost(device: DeviceId, rest: readonly Rest[]): void
  /** A device can no longer be asked. */
  unavailable(device: DeviceId): void
  banned(device: DeviceId, reason: string): void
}

interface Holder {
  readonly device: DeviceId
  isOnline: boolean
  /** As the schedule was told. */
  isAvailable: boolean
  bannedUntilMs: number
  retryAtMs: number
  /** Faults since it last gave something. */
  failures: number
  window: ReturnType<typeof createWindow>
  link: PullLink | undefined
  /** A stream is being opened or served. */
  isLinked: boolean
  /** Asked and neither stored nor dropped. */
  inFlightBytes: number
}

export class Holders {
  readonly #deps: HoldersDeps
  /** The one that was asked longest ago is first. */
  readonly #holders = new Map<DeviceId, Holder>()
  #inFlightBytes = 0
  #isPumping = false
  #takeOverAtMs = 0

  constructor(deps: HoldersDeps) {
    this.#deps = deps
  }

  /** Follows who is online until the signal aborts. */
  async follow(): Promise<void> {
    const { transport, signal, line } = this.#deps
    using _listening = line?.onChange(() => this.pump())
    try {
      for await (const { device, online } of transport.presence({ signal })) this.#setOnline(this.#get(device), online)
    } catch (cause) {
      if (!signal.aborted) throw cause
    }
  }

  /** Asks for more, soon: what is wanted in one go is asked for together. */
  pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    queueMicrotask(() => {
      this.#isPumping = false
      if (!this.#deps.signal.aborted) this.#askAll()
    })
  }

  /** It sent what it should not: closes all connections, and does not ask it again for an hour. */
  ban(device: DeviceId, reason: string): void {
    const holder = this.#get(device)
    const nowMs = this.#nowMs()
    if (nowMs < holder.bannedUntilMs) return
    holder.bannedUntilMs = nowMs + LIAR_BAN_MS
    this.#deps.alarm.at(holder.bannedUntilMs)
    this.#deps.log.event('pull.banned', { device, reason })
    this.#update(holder)
    holder.link?.abort(reason)
    this.#deps.deliver.banned(device, reason)
    void this.#deps.work.spawn(this.#deps.transport.drop(device))
  }

  /** Leaves a device alone for a while, longer each time until it gives something again. */
  backOff(device: DeviceId, steps = 0): void {
    this.#backOff(this.#get(device), steps)
  }

  cancel(blob: BlobRef): void {
    for (const { link } of this.#holders.values()) link?.cancel(blob)
  }

  /** Does what is due; returns when the next thing is. */
  tick(): number | undefined {
    const nowMs = this.#nowMs()
    let nextMs = Number.POSITIVE_INFINITY
    for (const holder of this.#holders.values()) {
      this.#update(holder)
      for (const dueMs of [holder.retryAtMs, holder.bannedUntilMs, this.#checkSilence(holder, nowMs)]) {
        if (dueMs > nowMs) nextMs = Math.min(nextMs, dueMs)
      }
    }
    this.pump()
    return Number.isFinite(nextMs) ? nextMs : undefined
  }

  #askAll(): void {
    for (let isAsking = true; isAsking;) {
      isAsking = false
      for (const holder of [...this.#holders.values()]) if (this.#askOne(holder)) isAsking = true
      if (!isAsking) isAsking = this.#takeOverAny()
    }
  }

  /** Looks through all that is owed, and therefore not each time that something lands. */
  #takeOverAny(): boolean {
    const nowMs = this.#nowMs()
    if (this.#holders.size < 2 || ![...this.#holders.values()].some((each) => (each.link?.askCount ?? 0) > 0))
      return false
    if (nowMs < this.#takeOverAtMs) {
      this.#deps.alarm.at(this.#takeOverAtMs)
      return false
    }
    const isTaken = [...this.#holders.values()].some((holder) => this.#takeOver(holder))
    if (!isTaken) this.#takeOverAtMs = nowMs + TAKE_OVER_EVERY_MS
    return isTaken
  }

  /** Asks a device that has nothing to do for what a slow one owes. */
  #takeOver(holder: Holder): boolean {
    const { schedule, alarm } = this.#deps
    if (!this.#canAsk(holder) || (holder.link?.askCount ?? 0) > 0 || this.#room(holder) <= 0) return false
    const mayTake = ({ rest }: Movable): boolean => schedule.mayGive(holder.device, rest.task)
    const found = findLate(holder, this.#holders.values(), mayTake, this.#nowMs())
    if (found.kind === 'none') return false
    alarm.at(this.#nowMs() + RESCUE_LOOK_MS)
    if (found.kind === 'maybe') return false
    if (holder.link === undefined) {
      if (!holder.isLinked) void this.#deps.work.spawn(this.#linkUp(holder))
      return false
    }
    const { rest, req } = found.ask
    found.debtor.holder.link?.withdraw(req)
    schedule.giveBack(rest.task, rest.chunks)
    return this.#askOne(holder)
  }

  #askOne(holder: Holder): boolean {
    const { schedule } = this.#deps
    if (!this.#canAsk(holder)) return false
    if (holder.link === undefined) {
      if (!holder.isLinked && schedule.hasWork(holder.device)) void this.#deps.work.spawn(this.#linkUp(holder))
      return false
    }
    if (holder.link.askCount >= ASKS_MAX) return false
    const task = schedule.next(holder.device, this.#room(holder))
    if (task === undefined) return false
    const bytes = holder.link.ask(task, this.#nowMs())
    if (task.kind !== 'list') this.#deps.line?.take(holder.device, bytes)
    this.#account(holder, bytes)
    this.#holders.delete(holder.device)
    this.#holders.set(holder.device, holder)
    this.#deps.alarm.at(holder.link.heardMs + BLOB_SILENCE_MS)
    return true
  }

  /** Small scraps of room are left until there is more: many tiny requests cost more than they bring. */
  #room(holder: Holder): number {
    const { sizeBytes } = holder.window
    const room = Math.min(sizeBytes - holder.inFlightBytes, BLOB_WINDOWS_BYTES_MAX - this.#inFlightBytes)
    const isScrap = holder.inFlightBytes > 0 && room < Math.min(CHUNK_BYTES, sizeBytes / 4)
    return isScrap ? 0 : Math.min(room, this.#allowedBytes(holder))
  }

  /** What the limits let it be asked for now: a chunk at least, or nothing before it is time to look again. */
  #allowedBytes({ device }: Holder): number {
    const { line, alarm, schedule } = this.#deps
    if (line?.isLimited(device) !== true) return Number.POSITIVE_INFINITY
    const waitMs = line.waitMs(device)
    if (waitMs === 0) return Math.max(CHUNK_BYTES, line.creditBytes(device))
    if (Number.isFinite(waitMs) && schedule.hasWork(device)) alarm.at(this.#nowMs() + waitMs)
    return 0
  }

  /** What was asked for and does not come counts for nothing. */
  #refund(device: DeviceId, rest: Rest): void {
    if (rest.task.kind !== 'list') this.#deps.line?.take(device, -restBytes(rest))
  }

  #account(holder: Holder, bytes: number): void {
    holder.inFlightBytes += bytes
    this.#inFlightBytes += bytes
  }

  #canAsk(holder: Holder): boolean {
    const nowMs = this.#nowMs()
    return holder.isOnline && nowMs >= holder.bannedUntilMs && nowMs >= holder.retryAtMs
  }

  async #linkUp(holder: Holder): Promise<void> {
    const { transport, clock, deliver } = this.#deps
    holder.isLinked = true
    const linked = new AbortController()
    const signal = AbortSignal.any([this.#deps.signal, linked.signal])
    const opening = startDeadline(clock, OPEN_MS, { signal })
    try {
      const stream = await transport.open(holder.device, BLOB, { signal: opening.signal })
      opening[Symbol.dispose]()
      holder.window = createWindow(this.#nowMs())
      holder.link = new PullLink(stream, this.#receiver(holder), { signal, nowMs: this.#nowMs() })
      this.pump()
      await holder.link.run(clock)
      this.#backOff(holder, 0)
    } catch (cause) {
      if (opening.isOver) this.#backOff(holder, SILENCE_STEPS)
      else this.#takeFault(holder, cause)
    } finally {
      opening[Symbol.dispose]()
      holder.link?.abort('closed')
      linked.abort(new Error('the stream has ended'))
      const rest = holder.link?.settle() ?? []
      for (const each of rest) this.#refund(holder.device, each)
      holder.link = undefined
      holder.isLinked = false
      deliver.lost(holder.device, rest)
      this.pump()
    }
  }

  #takeFault(holder: Holder, cause: unknown): void {
    if (this.#deps.signal.aborted) return
    if (cause instanceof ProtocolError) this.ban(holder.device, `${cause.code}: ${cause.message}`)
    else if (hasCode(cause, 'too-large')) this.ban(holder.device, 'an oversize frame')
    else if (hasCode(cause, 'gone', 'offline', 'refused')) this.#backOff(holder, 0)
    else throw cause
  }

  #receiver(holder: Holder): Receiver {
    const { deliver } = this.#deps
    const { device } = holder
    const gave = (): void => {
      holder.failures = 0
    }
    return {
      arrived: (bytes) => holder.window.arrived(bytes, this.#nowMs()),
      blob: (blob, bytes) => {
        gave()
        return deliver.blob(device, blob, bytes)
      },
      chunk: (blob, chunkNo, bytes) => {
        gave()
        return deliver.chunk(device, blob, chunkNo, bytes)
      },
      patch: (task, bytes) => {
        gave()
        return deliver.patch(device, task, bytes)
      },
      hashes: (blob, first, hashes) => {
        gave()
        deliver.hashes(device, blob, first, hashes)
      },
      refused: (rest, code) => {
        this.#refund(device, rest)
        deliver.refused(device, rest, code)
      },
      answered: (afterMs) => holder.window.answered(afterMs),
      released: (bytes) => {
        this.#account(holder, -bytes)
        this.pump()
      },
    }
  }

  #backOff(holder: Holder, steps: number): void {
    if (this.#deps.signal.aborted) return
    holder.failures++
    const delayMs = nextDelayMs(holder.failures + steps, random01(this.#deps.random))
    holder.retryAtMs = Math.max(holder.retryAtMs, this.#nowMs() + delayMs)
    this.#deps.alarm.at(holder.retryAtMs)
    this.#update(holder)
  }

  /** Returns when the device will have been silent for too long; ends its stream if it has. */
  #checkSilence(holder: Holder, nowMs: number): number {
    const { link } = holder
    if (link === undefined || link.askCount === 0) return 0
    const dueMs = link.heardMs + BLOB_SILENCE_MS
    if (dueMs > nowMs) return dueMs
    this.#deps.log.event('pull.silent', { device: holder.device })
    this.#backOff(holder, SILENCE_STEPS)
    link.abort('silent for too long')
    return 0
  }

  #setOnline(holder: Holder, isOnline: boolean): void {
    const wasOnline = holder.isOnline
    holder.isOnline = isOnline
    if (isOnline && !wasOnline) {
      holder.failures = 0
      holder.retryAtMs = 0
    }
    this.#update(holder)
    if (!isOnline) holder.link?.abort('offline')
    this.pump()
  }

  /** Tells the schedule who can be asked. */
  #update(holder: Holder): void {
    const isAvailable = this.#canAsk(holder)
    if (isAvailable === holder.isAvailable) return
    holder.isAvailable = isAvailable
    this.#deps.schedule.setAvailable(holder.device, isAvailable)
    if (!isAvailable) this.#deps.deliver.unavailable(holder.device)
  }

  #get(device: DeviceId): Holder {
    const known = this.#holders.get(device)
    if (known !== undefined) return known
    const window = createWindow(this.#nowMs())
    const times = { bannedUntilMs: 0, retryAtMs: 0, failures: 0, inFlightBytes: 0 }
    const holder: Holder = {
      device,
      isOnline: false,
      isAvailable: false,
      window,
      link: undefined,
      isLinked: false,
      ...times,
    }
    this.#holders.set(device, holder)
    return holder
  }

  #nowMs(): number {
    return this.#deps.clock.monotonicMs()
  }
}

/** A number from 0 (in) to 1 (out). */
export function random01(random: Random): number {
  const [a = 0, b = 0] = random.bytes(2)
  return (a * 256 + b) / 65_536
}
