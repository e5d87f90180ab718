/** Keeps trying to connect with every member that is not connected, with a growing delay, for as long as it takes. */

import type { DeviceId } from '../../protocol/ids.ts'
import { redialDelayMs } from '../core/backoff.ts'

/**
 * When two devices find each other they would both dial. The one with the higher id waits this long first, so that there is
 * mostly one connection.
 */
const YIELD_MS = 250
/** A connection that held this long starts the delays from the beginning. */
const STABLE_MS = 10_000

export interface KeepConnectedInit {
  readonly self: DeviceId
  readonly isConnected: (device: DeviceId) => boolean
  /** Tries once; rejects when the device cannot be reached. */
  readonly reach: (device: DeviceId) => Promise<unknown>
  /** From 0 (in) to 1 (out). */
  readonly random01: () => number
}

interface Member {
  failures: number
  onlineSinceMs: number | undefined
  timer: NodeJS.Timeout | undefined
  /** Counts the dials: only the last one decides what comes next. */
  turn: number
}

export class KeepConnected implements Disposable {
  readonly #init: KeepConnectedInit
  readonly #members = new Map<DeviceId, Member>()
  readonly #startedMs = performance.now()

  constructor(init: KeepConnectedInit) {
    this.#init = init
  }

  setMembers(devices: ReadonlySet<DeviceId>): void {
    for (const [device, member] of this.#members) {
      if (devices.has(device)) continue
      clearTimeout(member.timer)
      this.#members.delete(device)
    }
    for (const device of devices) {
      if (device === this.#init.self || this.#members.has(device)) continue
      this.#members.set(device, { failures: 0, onlineSinceMs: undefined, timer: undefined, turn: 0 })
      this.dialNow(device)
    }
  }

  /** There is news of where a member is: the delays begin anew. */
  dialNow(device: DeviceId): void {
    const member = this.#members.get(device)
    if (member === undefined) return
    member.failures = 0
    this.#schedule(device, member, device < this.#init.self ? YIELD_MS : 0)
  }

  dialAllNow(): void {
    for (const device of this.#members.keys()) this.dialNow(device)
  }

  online(device: DeviceId): void {
    const member = this.#members.get(device)
    if (member !== undefined) member.onlineSinceMs ??= performance.now()
  }

  offline(device: DeviceId): void {
    const member = this.#members.get(device)
    if (member === undefined) return
    const isStable = performance.now() - (member.onlineSinceMs ?? Infinity) >= STABLE_MS
    member.onlineSinceMs = undefined
    if (isStable) member.failures = 0
    this.#retry(device, member)
  }

  [Symbol.dispose](): void {
    this.setMembers(new Set())
  }

  #retry(device: DeviceId, member: Member): void {
    member.failures += 1
    const sinceStartMs = performance.now() - this.#startedMs
    this.#schedule(device, member, redialDelayMs(member.failures, sinceStartMs, this.#init.random01()))
  }

  #schedule(device: DeviceId, member: Member, delayMs: number): void {
    clearTimeout(member.timer)
    member.timer = setTimeout(() => void this.#dial(device, member), delayMs)
  }

  async #dial(device: DeviceId, member: Member): Promise<void> {
    if (this.#init.isConnected(device)) return
    member.turn += 1
    const { turn } = member
    const isReached = await this.#init.reach(device).then(
      () => true,
      () => false,
    )
    if (!isReached && member.turn === turn && this.#members.get(device) === member) this.#retry(device, member)
  }
}
