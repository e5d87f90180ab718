/**
 * How much may go over the lines of all devices together, and over that of each: buckets that fill at their rates. Whoever finds
 * no bucket empty may take, also more than is in it; then it is in debt, and nobody takes before that is paid. So a bucket needs
 * not know beforehand how much is taken, and no frame is too large for a low rate. Knows no time but what it is told.
 */

import type { BytesPerSecond } from '../../protocol/rate-limit.ts'

/** A bucket holds what comes in so long: a line that was idle begins with no more than that. */
const HELD_MS = 250

interface Bucket {
  bytesPerSecond: BytesPerSecond
  bytes: number
  atMs: number
}

export class Throttle<Device> {
  #total: Bucket | undefined
  readonly #devices = new Map<Device, Bucket>()

  /** Undefined: not limited. What was taken before is not forgotten. */
  setRates(total: BytesPerSecond, devices: ReadonlyMap<Device, BytesPerSecond>, nowMs: number): void {
    this.#total = changed(this.#total, total, nowMs)
    for (const device of this.#devices.keys()) if ((devices.get(device) ?? null) === null) this.#devices.delete(device)
    for (const [device, rate] of devices) {
      const bucket = changed(this.#devices.get(device), rate, nowMs)
      if (bucket !== undefined) this.#devices.set(device, bucket)
    }
  }

  isLimited(device: Device): boolean {
    return this.#total !== undefined || this.#devices.has(device)
  }

  /** How long until the device may take something: 0 now, infinite while nothing may be taken at all. */
  waitMs(device: Device, nowMs: number): number {
    return Math.max(...this.#buckets(device).map((bucket) => wait(bucket, nowMs)), 0)
  }

  /** How much it may take without any debt; infinite where it is not limited. */
  creditBytes(device: Device, nowMs: number): number {
    const credits = this.#buckets(device).map((bucket) => {
      fill(bucket, nowMs)
      return bucket.bytesPerSecond === 0 ? 0 : Math.max(0, bucket.bytes)
    })
    return Math.min(Number.POSITIVE_INFINITY, ...credits)
  }

  /** Negative: something that was taken did not go over the line. */
  take(device: Device, bytes: number, nowMs: number): void {
    for (const bucket of this.#buckets(device)) {
      fill(bucket, nowMs)
      bucket.bytes = Math.min(bucket.bytes - bytes, heldBytes(bucket))
    }
  }

  #buckets(device: Device): Bucket[] {
    const own = this.#devices.get(device)
    return [...(this.#total === undefined ? [] : [this.#total]), ...(own === undefined ? [] : [own])]
  }
}

function changed(before: Bucket | undefined, rate: BytesPerSecond, nowMs: number): Bucket | undefined {
  if (rate === null) return undefined
  if (before === undefined) return { bytesPerSecond: rate, bytes: 0, atMs: nowMs }
  fill(before, nowMs)
  before.bytesPerSecond = rate
  before.bytes = Math.min(before.bytes, heldBytes(before))
  return before
}

function fill(bucket: Bucket, nowMs: number): void {
  const cameBytes = (Math.max(0, nowMs - bucket.atMs) * (bucket.bytesPerSecond ?? 0)) / 1000
  bucket.bytes = Math.min(heldBytes(bucket), bucket.bytes + cameBytes)
  bucket.atMs = nowMs
}

function wait(bucket: Bucket, nowMs: number): number {
  fill(bucket, nowMs)
  if (bucket.bytesPerSecond === 0) return Number.POSITIVE_INFINITY
  return bucket.bytes >= 0 ? 0 : Math.ceil((-bucket.bytes * 1000) / (bucket.bytesPerSecond ?? 1))
}

function heldBytes({ bytesPerSecond }: Bucket): number {
  return ((bytesPerSecond ?? 0) * HELD_MS) / 1000
}
