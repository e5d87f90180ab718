/**
 * The limits of one direction as those who send or ask see them: the rates of now, by the clock on the wall, for buckets that
 * fill by the monotonic one. Which rate holds is looked at when somebody wants to know, and not otherwise.
 */

import type { BytesPerSecond, RateLimit } from '../../protocol/rate-limit.ts'
import { UNLIMITED } from '../../protocol/rate-limit.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { LocalTime } from '../core/rate-now.ts'
import { minutesToBoundary, rateAt } from '../core/rate-now.ts'
import { Throttle } from '../core/throttle.ts'
import type { Clock } from '../ports.ts'

const MINUTE_MS = 60_000
/** How long a rate is taken to hold at most: somebody may set the clock, or summer time begin. */
const TRUSTED_MINUTES = 5

/** The limits of one direction. */
export interface DirectionLimits {
  /** Of all devices together. */
  readonly total: RateLimit
  readonly devices: ReadonlyMap<DeviceId, RateLimit>
}

export const NO_LIMITS: DirectionLimits = { total: UNLIMITED, devices: new Map() }

export interface RateLineDeps {
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>
  /** What the clock on the wall shows here at a time. */
  readonly localTime: (wallMs: number) => LocalTime
}

export class RateLine {
  readonly #deps: RateLineDeps
  readonly #throttle = new Throttle<DeviceId>()
  readonly #listeners = new Set<() => void>()
  #limits: DirectionLimits = NO_LIMITS
  /** Until when, by the monotonic clock, the rates of the throttle hold. */
  #validUntilMs = Number.POSITIVE_INFINITY

  constructor(deps: RateLineDeps) {
    this.#deps = deps
  }

  /** Holds at once; whoever waits is told. */
  setLimits(limits: DirectionLimits): void {
    this.#limits = limits
    this.#lookAtClock(this.#deps.clock.monotonicMs())
    for (const listener of this.#listeners) listener()
  }

  /** Is called when the limits are others. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  isLimited(device: DeviceId): boolean {
    this.#nowMs()
    return this.#throttle.isLimited(device)
  }

  /** When to look again whether the device may take something: 0 now, infinite when only new limits help. */
  waitMs(device: DeviceId): number {
    const nowMs = this.#nowMs()
    const waitMs = this.#throttle.waitMs(device, nowMs)
    return waitMs === 0 ? 0 : Math.max(1, Math.min(waitMs, this.#validUntilMs - nowMs))
  }

  /** Whether the device may take nothing at all for now, however long it waits. */
  isPaused(device: DeviceId): boolean {
    return this.#throttle.waitMs(device, this.#nowMs()) === Number.POSITIVE_INFINITY
  }

  creditBytes(device: DeviceId): number {
    return this.#throttle.creditBytes(device, this.#nowMs())
  }

  /** So much goes over the line; negative: it did not after all. */
  take(device: DeviceId, bytes: number): void {
    this.#throttle.take(device, bytes, this.#nowMs())
  }

  /** The rate that holds now for a device by itself, or for all together. */
  rateNow(device?: DeviceId): BytesPerSecond {
    const limit = device === undefined ? this.#limits.total : (this.#limits.devices.get(device) ?? UNLIMITED)
    return rateAt(limit, this.#deps.localTime(this.#deps.clock.wallMs()))
  }

  #nowMs(): number {
    const nowMs = this.#deps.clock.monotonicMs()
    if (nowMs >= this.#validUntilMs) this.#lookAtClock(nowMs)
    return nowMs
  }

  #lookAtClock(nowMs: number): void {
    const { total, devices } = this.#limits
    const wallMs = this.#deps.clock.wallMs()
    const time = this.#deps.localTime(wallMs)
    const rates = new Map([...devices].map(([device, limit]) => [device, rateAt(limit, time)]))
    this.#throttle.setRates(rateAt(total, time), rates, nowMs)
    const boundaries = [total, ...devices.values()].flatMap((limit) => minutesToBoundary(limit, time) ?? [])
    if (boundaries.length === 0) this.#validUntilMs = Number.POSITIVE_INFINITY
    else this.#validUntilMs = nowMs + Math.min(TRUSTED_MINUTES, ...boundaries) * MINUTE_MS - (wallMs % MINUTE_MS)
  }
}
