/**
 * The simulated network: everybody is on one LAN and hears everybody, unless a link is cut. Members connect by
 * themselves, as `PeerTransport` promises; a cut is noticed only by the silence, a killed program at once.
 */

import type { PeerTransport } from '../../daemon/ports.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'
import type { Life } from './life.ts'
import { Endpoint } from './net-endpoint.ts'
import type { Surroundings } from './net-endpoint.ts'
import { Connection, Link } from './net-link.ts'
import type { LinkSpeed } from './net-link.ts'
import type { SimRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

export interface NetworkOptions extends Partial<LinkSpeed> {
  /** The shortest and the longest time until a connection is made, in microseconds. */
  readonly connectUs?: readonly [number, number]
  /** The shortest and the longest silence after which a side gives a connection up, in microseconds. */
  readonly silenceUs?: readonly [number, number]
}

const DEFAULTS = {
  latencyUs: [200, 5_000],
  bytesPerSecond: 50_000_000,
  windowBytes: 4 << 20,
  resetChance: 0,
  overtakes: false,
  connectUs: [20_000, 1_500_000],
  silenceUs: [6_000_000, 15_000_000],
} as const satisfies Required<NetworkOptions>

const DIAL_TIMEOUT_US = 3_000_000
/** How soon a connection follows on a call for it. */
const URGENT_US = 20_000
/** How long a bad cable stays as it is. */
const FLAP_US = [50_000, 3_000_000] as const
const PORT = 22_000

export class Network {
  readonly options: Required<NetworkOptions>
  /** May change the frames that a device sends: a peer that lies. */
  corrupt: (from: DeviceId, frame: Uint8Array, protocol: ProtocolSpec) => Uint8Array = (_, frame) => frame
  readonly #scheduler: Scheduler
  readonly #random: SimRandom
  readonly #links = new Map<string, Link>()
  readonly #endpoints = new Map<DeviceId, Endpoint>()
  /** By order of first joining: the address follows from it. */
  readonly #hosts: DeviceId[] = []
  readonly #silent = new Set<Life>()
  readonly #around: Surroundings

  constructor(scheduler: Scheduler, options: NetworkOptions = {}) {
    this.options = { ...DEFAULTS, ...options }
    this.#scheduler = scheduler
    this.#random = scheduler.random.fork('network')
    this.#around = this.#surroundings()
  }

  /** The transport of one life of a device; when the life ends, it leaves. */
  join(device: DeviceId, life: Life): PeerTransport {
    const endpoint = new Endpoint(device, life, this.#around)
    if (!this.#hosts.includes(device)) this.#hosts.push(device)
    this.#endpoints.set(device, endpoint)
    life.onceEnded(() => {
      this.#vanish(endpoint)
    })
    this.#reconsider(device)
    return endpoint
  }

  /** The text with which `dial` reaches a device; a port may follow. */
  hostOf(device: DeviceId): string {
    return `10.0.0.${this.#hosts.indexOf(device) + 1}`
  }

  /** The way between two devices; its speed may be changed. */
  link(a: DeviceId, b: DeviceId): Link {
    const ends: [DeviceId, DeviceId] = a < b ? [a, b] : [b, a]
    const key = ends.join()
    const link = this.#links.get(key) ?? new Link(ends, this.options)
    this.#links.set(key, link)
    return link
  }

  /** Frame bytes that have arrived at one device from the other. */
  bytesBetween(from: DeviceId, to: DeviceId): number {
    return this.link(from, to).bytesFrom.get(from) ?? 0
  }

  /** Nothing passes any more; each side notices after some silence. Frames on their way wait for `heal`. */
  cut(a: DeviceId, b: DeviceId): void {
    const link = this.link(a, b)
    if (link.isCut) return
    this.#scheduler.trace.note('cut', a, b)
    link.isCut = true
    link.cutNo += 1
    this.#fallSilent(link)
  }

  heal(a: DeviceId, b: DeviceId): void {
    const link = this.link(a, b)
    if (!link.isCut) return
    this.#scheduler.trace.note('heal', a, b)
    link.isCut = false
    for (const end of this.#endsOf(link)) end.connectionWith(link.other(end.self))?.resend()
    this.#settleHalfLost(link)
    this.#considerLink(link, false)
    this.#searchAgain()
  }

  /** Cuts a device off from everyone, or joins it with everyone again. */
  isolate(device: DeviceId): void {
    for (const other of this.#hosts) if (other !== device) this.cut(device, other)
  }

  rejoin(device: DeviceId): void {
    for (const other of this.#hosts) if (other !== device) this.heal(device, other)
  }

  healAll(): void {
    for (const link of this.#links.values()) this.heal(...link.ends)
  }

  /** A bad cable: cut and healed again and again for some virtual milliseconds, and whole at the end. */
  flap(a: DeviceId, b: DeviceId, forMs: number): void {
    const endMs = this.#scheduler.nowMs() + forMs
    const turn = (): void => {
      const isLast = this.#scheduler.nowMs() >= endMs
      if (isLast || this.link(a, b).isCut) this.heal(a, b)
      else this.cut(a, b)
      const [shortest, longest] = FLAP_US
      if (!isLast) this.#scheduler.after(this.#random.between(shortest, longest), turn)
    }
    turn()
  }

  /** Breaks the connection between two devices; what was on its way is lost, a frame's beginning too. */
  reset(a: DeviceId, b: DeviceId): void {
    const connection = this.#endpoints.get(a)?.connectionWith(b) ?? this.#endpoints.get(b)?.connectionWith(a)
    if (connection !== undefined) this.#break(connection)
  }

  /** To be told before a life ends by a power cut: nobody hears of it. */
  willVanishSilently(life: Life): void {
    this.#silent.add(life)
  }

  /** To be told when a machine goes to sleep, and when it has woken. */
  fellAsleep(device: DeviceId): void {
    for (const link of this.#linksOf(device)) this.#fallSilent(link)
  }

  wokeUp(device: DeviceId): void {
    for (const link of this.#linksOf(device)) {
      this.#settleHalfLost(link)
      this.#considerLink(link, false)
    }
    this.#searchAgain()
  }

  #surroundings(): Surroundings {
    return {
      dialTimeoutUs: DIAL_TIMEOUT_US,
      connect: (from, to) => {
        if (from.self === to) return undefined
        const link = this.link(from.self, to)
        return from.connectionWith(to) ?? (this.#isUp(link) ? this.#establish(link) : undefined)
      },
      consider: (from, device, { isUrgent }) => {
        if (from.self !== device) this.#considerLink(this.link(from.self, device), isUrgent)
      },
      devices: () => this.#hosts,
      deviceAt: (address) => this.#hosts.find((device) => address.split(':')[0] === this.hostOf(device)),
      addressesOf: (device) => [`/ip4/${this.hostOf(device)}/tcp/${PORT}`],
      inviters: (from, nameplate) =>
        this.#hosts.filter((device) => {
          const isOther = device !== from.self && this.#endpoints.get(device)?.nameplate === nameplate
          return isOther && this.#isUp(this.link(from.self, device))
        }),
      announced: () => {
        this.#searchAgain()
      },
      leave: (endpoint) => {
        if (this.#endpoints.get(endpoint.self) === endpoint) this.#endpoints.delete(endpoint.self)
      },
      corrupt: (from, frame, protocol) => this.corrupt(from, frame, protocol),
      note: (kind, ...values) => {
        this.#scheduler.trace.note(kind, ...values)
      },
    }
  }

  #linksOf(device: DeviceId): Link[] {
    return this.#hosts.filter((other) => other !== device).map((other) => this.link(device, other))
  }

  #endsOf(link: Link): Endpoint[] {
    return link.ends.map((device) => this.#endpoints.get(device)).filter((end) => end !== undefined)
  }

  #isUp(link: Link): boolean {
    const ends = this.#endsOf(link)
    return !link.isCut && ends.length === 2 && ends.every((end) => end.life.state === 'running')
  }

  #reconsider(device: DeviceId): void {
    for (const link of this.#linksOf(device)) this.#considerLink(link, false)
    this.#searchAgain()
  }

  /** Starts an attempt to connect where one is wanted and possible; it is looked at again when it is due. */
  #considerLink(link: Link, isUrgent: boolean): void {
    if ((link.isAttempted && !isUrgent) || !this.#isAttemptDue(link)) return
    link.isAttempted = true
    const attemptNo = ++link.attemptNo
    const [shortest, longest] = this.options.connectUs
    this.#scheduler.after(isUrgent ? URGENT_US : this.#random.between(shortest, longest), () => {
      if (attemptNo !== link.attemptNo) return
      link.isAttempted = false
      if (this.#isAttemptDue(link)) this.#establish(link)
    })
  }

  #isAttemptDue(link: Link): boolean {
    if (!this.#isUp(link)) return false
    const [a, b] = this.#endsOf(link)
    if (a === undefined || b === undefined || !(a.wants(b.self) || b.wants(a.self))) return false
    return a.connectionWith(b.self) === undefined || a.connectionWith(b.self) !== b.connectionWith(a.self)
  }

  #establish(link: Link): Connection | undefined {
    const [a, b] = this.#endsOf(link)
    if (a === undefined || b === undefined) return undefined
    const connection = new Connection({
      link,
      ends: [a, b],
      scheduler: this.#scheduler,
      random: this.#random,
      reset: (broken) => {
        this.#break(broken)
      },
    })
    this.#scheduler.trace.note('connect', a.life.name, b.life.name)
    a.gain(connection)
    b.gain(connection)
    return connection
  }

  #break(connection: Connection): void {
    connection.isBroken = true
    for (const end of connection.ends) {
      end.life.after(connection.latencyUs(), () => {
        end.lose(connection, 'reset')
      })
    }
  }

  /** Each side that still waits when the silence has lasted too long gives the connection up. */
  #fallSilent(link: Link): void {
    const { cutNo } = link
    for (const end of this.#endsOf(link)) {
      const connection = end.connectionWith(link.other(end.self))
      if (connection === undefined) continue
      const isSilent = (): boolean => (link.isCut ? link.cutNo === cutNo : !this.#isUp(link))
      this.#afterSilence(end, connection, isSilent)
    }
  }

  #afterSilence(end: Endpoint, connection: Connection, isSilent: () => boolean): void {
    const [shortest, longest] = this.options.silenceUs
    end.life.after(this.#random.between(shortest, longest), () => {
      if (isSilent()) end.lose(connection, 'silence')
    })
  }

  /** A side that has given the connection up tells the other as soon as it hears of it. */
  #settleHalfLost(link: Link): void {
    if (link.isCut) return
    for (const end of this.#endsOf(link)) {
      const device = link.other(end.self)
      const connection = end.connectionWith(device)
      if (connection === undefined || this.#endpoints.get(device)?.connectionWith(end.self) === connection) continue
      end.life.after(connection.latencyUs(), () => {
        end.lose(connection, 'the other side had given it up')
      })
    }
  }

  /** A program is gone: its machine says so to the others at once, unless it has no power either. */
  #vanish(endpoint: Endpoint): void {
    if (this.#endpoints.get(endpoint.self) === endpoint) this.#endpoints.delete(endpoint.self)
    const isSilent = this.#silent.delete(endpoint.life)
    for (const connection of endpoint.connections()) {
      const other = connection.other(endpoint)
      if (isSilent || connection.link.isCut) this.#afterSilence(other, connection, () => true)
      else {
        other.life.after(connection.latencyUs(), () => {
          other.lose(connection, 'the other side has gone')
        })
      }
    }
  }

  #searchAgain(): void {
    for (const endpoint of this.#endpoints.values()) {
      endpoint.life.after(URGENT_US, () => {
        endpoint.searchAgain()
      })
    }
  }
}
