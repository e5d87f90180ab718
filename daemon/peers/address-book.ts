/** Where devices were last reached or seen, newest first. Small and bounded: what discovery says is only a hint. */

import type { DeviceId } from '../../protocol/ids.ts'

/** Addresses that are kept of one device. */
const ADDRESSES_MAX = 8
/** Devices that are kept, members not counted. */
const STRANGERS_MAX = 64
/** An address of the same network that was seen in this time is of another interface of the device, not an old address. */
const SAME_DEVICE_MS = 10_000

interface Entry {
  readonly address: string
  /** The local network in which it was seen; null when a person typed it or it was stored. */
  readonly network: string | null
  readonly seenMs: number
}

export class AddressBook {
  readonly #entries = new Map<DeviceId, readonly Entry[]>()

  constructor(known: ReadonlyMap<DeviceId, readonly string[]>) {
    for (const [device, addresses] of known) {
      const entries = addresses
        .slice(0, ADDRESSES_MAX)
        .map((address) => ({ address, network: null, seenMs: -Infinity }))
      this.#entries.set(device, entries)
    }
  }

  /** Newest first. */
  of(device: DeviceId): readonly string[] {
    return (this.#entries.get(device) ?? []).map((entry) => entry.address)
  }

  /**
   * Puts an address first. It takes the place of an older one of the same network: a device that comes back with a new
   * address has lost the old one.
   *
   * @returns whether the addresses are others than before.
   */
  add(device: DeviceId, address: string, network: string | null, nowMs: number): boolean {
    const before = this.#entries.get(device) ?? []
    const isReplaced = (entry: Entry): boolean =>
      entry.address === address ||
      (network !== null && entry.network === network && nowMs - entry.seenMs > SAME_DEVICE_MS)
    const rest = before.filter((entry) => !isReplaced(entry)).slice(0, ADDRESSES_MAX - 1)
    this.#entries.delete(device)
    this.#entries.set(device, [{ address, network, seenMs: nowMs }, ...rest])
    return rest.length + 1 !== before.length || !before.some((entry) => entry.address === address)
  }

  /** Another device answers there. */
  forget(device: DeviceId, address: string): void {
    const rest = (this.#entries.get(device) ?? []).filter((entry) => entry.address !== address)
    this.#entries.set(device, rest)
  }

  /** Drops the strangers that were added longest ago when there are too many. */
  trim(members: ReadonlySet<DeviceId>): void {
    const strangers = [...this.#entries.keys()].filter((device) => !members.has(device))
    for (const device of strangers.slice(0, -STRANGERS_MAX)) this.#entries.delete(device)
  }
}
