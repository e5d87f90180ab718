/** The connections that are open: how many there may be, which one to use, and which are dead. */

import type { DeviceId } from '../../protocol/ids.ts'
import type { AbortOptions, Clock } from '../ports.ts'

/** Connections of one device. */
const PER_DEVICE_MAX = 8
/** Connections of all devices: as many as a group has devices, and the strangers. */
const ALL_MAX = 64
/** Connections of devices that are no members. */
const STRANGERS_MAX = 16

export interface LinkTiming {
  /** A connection on which nothing came for so long is dead. It was pinged several times meanwhile. */
  readonly silenceMs: number
  /** A connection that is in doubt has to show something in this time. */
  readonly doubtMs: number
  /** How long a second connection with a device is kept although nothing uses it. */
  readonly spareMs: number
  /** How long a stranger's connection is kept although nothing uses it. */
  readonly strangerMs: number
}

/** After this share of the silence that kills it a link is asked to say something. */
const PING_SHARE = 1 / 4
/** How often links are looked at; where none is in doubt, at every other of these moments if nothing else is awake. */
const CHECK_MS = 1_000
const CALM_SLACK_MS = 1_000

export const LINK_TIMING: LinkTiming = { silenceMs: 15_000, doubtMs: 3_000, spareMs: 2_000, strangerMs: 60_000 }

/** What is needed of a libp2p connection. */
export interface LinkConnection {
  readonly status: string
  readonly direction: 'inbound' | 'outbound'
  readonly streams: readonly unknown[]
  abort(reason: Error): void
}

export interface LinksInit<C extends LinkConnection> {
  readonly self: DeviceId
  readonly timing: LinkTiming
  readonly isMember: (device: DeviceId) => boolean
  /** Bytes that have come over the connection's socket. */
  readonly receivedBytes: (connection: C) => number
  /** Asks the other side to say something. */
  readonly ping: (connection: C) => void
}

interface Link<C extends LinkConnection> {
  readonly connection: C
  readonly device: DeviceId
  receivedBytes: number
  heardMs: number
  doubtedMs: number | undefined
  unusedSinceMs: number | undefined
}

export class Links<C extends LinkConnection> {
  readonly #init: LinksInit<C>
  /** Oldest first. */
  #links: readonly Link<C>[] = []
  #lastCheckMs: number | undefined

  constructor(init: LinksInit<C>) {
    this.#init = init
  }

  add(connection: C, device: DeviceId, nowMs: number): void {
    this.doubt(device, nowMs)
    const receivedBytes = this.#init.receivedBytes(connection)
    const link = { connection, device, receivedBytes, heardMs: nowMs, doubtedMs: undefined, unusedSinceMs: nowMs }
    this.#links = [...this.#links, link]
  }

  remove(connection: C): void {
    this.#links = this.#links.filter((link) => link.connection !== connection)
  }

  /** Whether one more connection with the device is allowed. */
  hasRoomFor(device: DeviceId): boolean {
    if (this.#links.length >= ALL_MAX || this.#of(device).length >= PER_DEVICE_MAX) return false
    return this.#init.isMember(device) || this.#links.filter((link) => this.#isStranger(link)).length < STRANGERS_MAX
  }

  isConnected(device: DeviceId): boolean {
    return this.best(device) !== undefined
  }

  /** The newest connection that is open. */
  best(device: DeviceId): C | undefined {
    return this.#of(device).findLast((link) => link.connection.status === 'open')?.connection
  }

  connections(device: DeviceId): readonly C[] {
    return this.#of(device).map((link) => link.connection)
  }

  /** The device seems to be elsewhere now: connections that show no life soon are dead. */
  doubt(device: DeviceId, nowMs: number): void {
    for (const link of this.#of(device)) this.#doubtLink(link, nowMs)
  }

  /** After a change of the network: whatever shows no life soon is dead. */
  doubtAll(nowMs: number): void {
    for (const link of this.#links) this.#doubtLink(link, nowMs)
  }

  /** Checks until the signal aborts, and then throws its reason. */
  async run(clock: Clock, { signal }: AbortOptions): Promise<void> {
    for (;;) {
      await clock.sleep(CHECK_MS, { signal, slackMs: this.#isRestless() ? 0 : CALM_SLACK_MS })
      this.check(performance.now())
    }
  }

  /** Ends what is dead, spare, or idle and a stranger's, and pings what is quiet. To be called every second or two. */
  check(nowMs: number): void {
    this.#forgiveLateness(nowMs)
    for (const link of this.#links) this.#observe(link, nowMs)
    for (const link of this.#links) {
      const reason = this.#faultOf(link, nowMs)
      if (reason !== undefined) link.connection.abort(new Error(reason))
      else if (nowMs - link.heardMs >= this.#init.timing.silenceMs * PING_SHARE) this.#init.ping(link.connection)
    }
  }

  /** Something is about to be decided. */
  #isRestless(): boolean {
    return this.#links.some(({ doubtedMs, device }) => doubtedMs !== undefined || this.#of(device).length > 1)
  }

  #doubtLink(link: Link<C>, nowMs: number): void {
    if (link.doubtedMs !== undefined) return
    link.doubtedMs = nowMs
    this.#init.ping(link.connection)
  }

  /** When this process itself stood still, silence says nothing about the others. */
  #forgiveLateness(nowMs: number): void {
    const gapMs = nowMs - (this.#lastCheckMs ?? nowMs)
    this.#lastCheckMs = nowMs
    if (gapMs < this.#init.timing.doubtMs) return
    for (const link of this.#links) {
      link.heardMs += gapMs
      if (link.doubtedMs !== undefined) link.doubtedMs += gapMs
    }
  }

  #observe(link: Link<C>, nowMs: number): void {
    const receivedBytes = this.#init.receivedBytes(link.connection)
    if (receivedBytes !== link.receivedBytes) {
      link.receivedBytes = receivedBytes
      link.heardMs = nowMs
      link.doubtedMs = undefined
    }
    link.unusedSinceMs = link.connection.streams.length > 0 ? undefined : (link.unusedSinceMs ?? nowMs)
  }

  #faultOf(link: Link<C>, nowMs: number): string | undefined {
    const { silenceMs, doubtMs, spareMs, strangerMs } = this.#init.timing
    const unusedMs = nowMs - (link.unusedSinceMs ?? nowMs)
    if (nowMs - link.heardMs > silenceMs) return 'nothing came for too long'
    if (link.doubtedMs !== undefined && nowMs - link.doubtedMs > doubtMs)
      return 'nothing came since the network changed'
    if (unusedMs > spareMs && this.#isSpare(link)) return 'another connection is used'
    if (unusedMs > strangerMs && this.#isStranger(link)) return 'nothing is asked'
    return undefined
  }

  /** Of several connections that live the device with the lower id keeps one: a used one, else one that it dialled itself. */
  #isSpare(link: Link<C>): boolean {
    const all = this.#of(link.device).filter((other) => other.connection.status === 'open')
    if (all.length < 2 || link.device < this.#init.self) return false
    if (all.some((other) => other.doubtedMs !== undefined)) return false
    const worth = (other: Link<C>): number =>
      (other.unusedSinceMs === undefined ? 2 : 0) + (other.connection.direction === 'outbound' ? 1 : 0)
    const kept = all.reduce((best, other) => (worth(other) >= worth(best) ? other : best))
    return link !== kept
  }

  #isStranger(link: Link<C>): boolean {
    return !this.#init.isMember(link.device)
  }

  #of(device: DeviceId): readonly Link<C>[] {
    return this.#links.filter((link) => link.device === device)
  }
}
