/** Who is online, told to everyone who follows. */

import type { AbortOptions, Presence } from '../ports.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { Bell } from '../bell.ts'

/** Changes of one device that a slow follower gets: that it went, and that it is back. Older ones say nothing more. */
const CHANGES_MAX = 2

/** What a follower has not been told yet. Bounded by the number of devices. */
type Pending = Map<DeviceId, readonly boolean[]>

export class PresenceFeed {
  readonly #online = new Set<DeviceId>()
  readonly #followers = new Set<Pending>()
  readonly #bell = new Bell()

  set(device: DeviceId, online: boolean): void {
    if (this.#online.has(device) === online) return
    if (online) this.#online.add(device)
    else this.#online.delete(device)
    for (const pending of this.#followers) {
      pending.set(device, [...(pending.get(device) ?? []), online].slice(-CHANGES_MAX))
    }
    this.#bell.ring()
  }

  /** First everyone who is online, then each change. Ends when the signal aborts. */
  async *follow({ signal }: AbortOptions): AsyncGenerator<Presence> {
    const pending: Pending = new Map([...this.#online].map((device) => [device, [true]]))
    this.#followers.add(pending)
    try {
      while (!signal.aborted) {
        const changes = [...pending].flatMap(([device, states]) => states.map((online) => ({ device, online })))
        pending.clear()
        yield* changes
        if (pending.size === 0) await this.#bell.wait(signal).catch(() => undefined)
      }
    } finally {
      this.#followers.delete(pending)
    }
  }
}
