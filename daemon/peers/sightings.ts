/** The devices that discovery has seen lately, and the nameplates that they announce. Any machine of the link can fill it: bounded. */

import type { AbortOptions } from '../ports.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { Bell } from '../bell.ts'
import type { Sighting } from './discovery.ts'

const DEVICES_MAX = 64
/** Devices behind one address: daemons of several people on one machine. */
const PER_ADDRESS_MAX = 8
/** How long a sighting is believed. */
const SEEN_MS = 120_000

interface Seen {
  readonly sighting: Sighting
  readonly seenMs: number
}

export class Sightings {
  readonly #seen = new Map<DeviceId, Seen>()
  readonly #bell = new Bell()

  /** Devices that are seen already always have room. */
  hasRoomFor(sighting: Sighting, nowMs: number): boolean {
    this.#expire(nowMs)
    if (this.#seen.has(sighting.device)) return true
    const neighbours = [...this.#seen.values()].filter((seen) => seen.sighting.address === sighting.address)
    return this.#seen.size < DEVICES_MAX && neighbours.length < PER_ADDRESS_MAX
  }

  /** Does nothing when there is no room for it. */
  add(sighting: Sighting, nowMs: number): void {
    if (!this.hasRoomFor(sighting, nowMs)) return
    this.#seen.set(sighting.device, { sighting, seenMs: nowMs })
    this.#bell.ring()
  }

  /** Devices that announce a nameplate, each once, as they are seen. Ends when the signal aborts. */
  async *withNameplate(nameplate: number, { signal }: AbortOptions): AsyncGenerator<DeviceId> {
    const told = new Set<DeviceId>()
    while (!signal.aborted) {
      this.#expire(performance.now())
      const found = [...this.#seen.values()].find(
        ({ sighting }) => sighting.nameplate === nameplate && !told.has(sighting.device),
      )
      if (found === undefined) {
        await this.#bell.wait(signal).catch(() => undefined)
      } else {
        told.add(found.sighting.device)
        yield found.sighting.device
      }
    }
  }

  #expire(nowMs: number): void {
    for (const [device, { seenMs }] of this.#seen) if (nowMs - seenMs > SEEN_MS) this.#seen.delete(device)
  }
}
