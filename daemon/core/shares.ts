/** How small blobs are shared out: each device that has them gets the same number under way, whoever was there first. */

import type { DeviceId } from '../../protocol/ids.ts'

/** Where so many are left for each, none is asked for less at a time: more requests cost more than they bring. */
const SHARE_MIN = 32

export class Shares {
  /** How many small blobs are asked of each. */
  readonly #asked = new Map<DeviceId, number>()

  asked(device: DeviceId): void {
    this.#asked.set(device, this.#countOf(device) + 1)
  }

  /** One of them is here, or will not come. */
  over(device: DeviceId): void {
    this.#asked.set(device, this.#countOf(device) - 1)
  }

  /** How many more of so many a device is asked for, where all these have them; 0 while it has enough. */
  next(device: DeviceId, sources: readonly DeviceId[], queuedCount: number): number {
    if (sources.length < 2) return queuedCount
    const underWay = sources.reduce((sum, each) => sum + this.#countOf(each), queuedCount)
    const own = this.#countOf(device)
    const share = Math.ceil(underWay / sources.length) - own
    if (own === 0) return Math.max(share, SHARE_MIN)
    return share >= Math.min(SHARE_MIN, Math.ceil(queuedCount / sources.length)) ? share : 0
  }

  #countOf(device: DeviceId): number {
    return this.#asked.get(device) ?? 0
  }
}
