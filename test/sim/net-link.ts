/** The way between two devices: how long frames take, whether any pass, and the connection that stands on it. */

import type { DeviceId } from '../../protocol/ids.ts'
import type { Endpoint } from './net-endpoint.ts'
import type { SimStream } from './net-stream.ts'
import type { SimRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

export interface LinkSpeed {
  /** The shortest and the longest way of a frame, in microseconds. */
  readonly latencyUs: readonly [number, number]
  readonly bytesPerSecond: number
  /** Bytes of one stream that may be written and not yet read. */
  readonly windowBytes: number
  /** How likely a frame breaks the connection in its middle. */
  readonly resetChance: number
  /** Frames of different streams overtake each other. */
  readonly overtakes: boolean
}

/** Of one unordered pair of devices. */
export class Link {
  readonly ends: readonly [DeviceId, DeviceId]
  /** Nothing passes; the two sides notice only by the silence. */
  isCut = false
  /** Counts cuts, so that a silence that was interrupted is told from one that was not. */
  cutNo = 0
  speed: LinkSpeed
  /** Whether an attempt to connect is under way. */
  isAttempted = false
  attemptNo = 0
  /** Bytes that have arrived, by the device that sent them. */
  readonly bytesFrom = new Map<DeviceId, number>()

  constructor(ends: readonly [DeviceId, DeviceId], speed: LinkSpeed) {
    this.ends = ends
    this.speed = speed
  }

  other(device: DeviceId): DeviceId {
    return this.ends[0] === device ? this.ends[1] : this.ends[0]
  }
}

interface Packet {
  readonly bytes: number
  readonly deliver: () => void
}

/** Frames of one direction keep their order, also those of different streams unless these overtake each other. */
interface Direction {
  readonly from: Endpoint
  busyUntilUs: number
  lastArrivalUs: number
  /** On their way; whatever arrives, it is the first of these. */
  readonly packets: Packet[]
  /** How many would have arrived while the link was cut: as many arrive after it heals. */
  heldCount: number
}

export class Connection {
  readonly link: Link
  readonly ends: readonly [Endpoint, Endpoint]
  readonly streams = new Set<SimStream>()
  /** Nothing more arrives, though the two sides have not noticed yet. */
  isBroken = false
  readonly #scheduler: Scheduler
  readonly #random: SimRandom
  readonly #reset: (connection: Connection) => void
  readonly #directions = new Map<Endpoint | SimStream, Direction>()

  constructor(o: {
    link: Link
    ends: readonly [Endpoint, Endpoint]
    scheduler: Scheduler
    random: SimRandom
    reset: (connection: Connection) => void
  }) {
    this.link = o.link
    this.ends = o.ends
    this.#scheduler = o.scheduler
    this.#random = o.random
    this.#reset = o.reset
  }

  other(end: Endpoint): Endpoint {
    return this.ends[0] === end ? this.ends[1] : this.ends[0]
  }

  latencyUs(): number {
    const [shortest, longest] = this.link.speed.latencyUs
    return this.#random.between(shortest, longest)
  }

  /** Delivers at the other side in its turn, unless that side has lost the connection by then. */
  send(from: Endpoint, bytes: number, deliver: () => void, stream?: SimStream): void {
    const direction = this.#directionOf(from, stream)
    const nowUs = this.#scheduler.nowUs()
    direction.busyUntilUs = Math.max(nowUs, direction.busyUntilUs) + (bytes / this.link.speed.bytesPerSecond) * 1e6
    direction.packets.push({ bytes, deliver })
    this.#arriveLater(from, direction, direction.busyUntilUs - nowUs + this.latencyUs())
  }

  /** What was held back by a cut goes on its way. */
  resend(): void {
    for (const direction of this.#directions.values()) {
      const { from } = direction
      for (; direction.heldCount > 0; direction.heldCount--) this.#arriveLater(from, direction, this.latencyUs())
    }
  }

  #arriveLater(from: Endpoint, direction: Direction, delayUs: number): void {
    const nowUs = this.#scheduler.nowUs()
    direction.lastArrivalUs = Math.max(direction.lastArrivalUs, Math.round(nowUs + delayUs))
    this.other(from).life.after(direction.lastArrivalUs - nowUs, () => {
      this.#arrive(from, direction)
    })
  }

  #arrive(from: Endpoint, direction: Direction): void {
    if (this.link.isCut) {
      direction.heldCount += 1
      return
    }
    const packet = direction.packets.shift()
    if (packet === undefined || this.isBroken || !this.other(from).isOn(this)) return
    if (packet.bytes > 0 && this.#random.chance(this.link.speed.resetChance)) {
      this.#reset(this)
      return
    }
    const { bytesFrom } = this.link
    bytesFrom.set(from.self, (bytesFrom.get(from.self) ?? 0) + packet.bytes)
    packet.deliver()
  }

  #directionOf(from: Endpoint, stream?: SimStream): Direction {
    const key = this.link.speed.overtakes ? (stream ?? from) : from
    const known = this.#directions.get(key)
    if (known !== undefined) return known
    const direction: Direction = { from, busyUntilUs: 0, lastArrivalUs: 0, packets: [], heldCount: 0 }
    this.#directions.set(key, direction)
    return direction
  }
}
