/** The `PeerTransport` port of one life on the simulated network. */

import type { AbortOptions, Inviter, PeerStream, PeerTransport, Presence } from '../../daemon/ports.ts'
import { PeerError } from '../../daemon/peers/peer-error.ts'
import { LISTEN_PORT_DEFAULT } from '../../protocol/api/constants.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'
import { onAbort, reasonOf } from './abort.ts'
import type { Life } from './life.ts'
import { PresenceFeed, nextCall } from './net-feed.ts'
import type { Connection } from './net-link.ts'
import { SimStream } from './net-stream.ts'

/** What an endpoint asks of the network around it. */
export interface Surroundings {
  /** Connects if the way is free, whoever wants it or not. */
  connect(from: Endpoint, to: DeviceId): Connection | undefined
  /** Something changed that may call for a connection, or end the need of one. */
  consider(from: Endpoint, device: DeviceId, o: { isUrgent: boolean }): void
  /** Every device that has ever joined. */
  devices(): Iterable<DeviceId>
  deviceAt(address: string): DeviceId | undefined
  addressesOf(device: DeviceId): readonly string[]
  /** Reachable devices that announce a nameplate. */
  inviters(from: Endpoint, nameplate: number): DeviceId[]
  announced(): void
  leave(endpoint: Endpoint): void
  /** How long a dial to nobody takes, in microseconds. */
  readonly dialTimeoutUs: number
  readonly corrupt: (from: DeviceId, frame: Uint8Array, protocol: ProtocolSpec) => Uint8Array
  note(kind: string, ...values: readonly (string | number)[]): void
}

type Handler = (stream: PeerStream) => Promise<void>

export class Endpoint implements PeerTransport {
  readonly self: DeviceId
  readonly life: Life
  /** Of all devices: each is alone on its host. */
  readonly port = LISTEN_PORT_DEFAULT
  nameplate: number | null = null
  #members: ReadonlySet<DeviceId> = new Set()
  readonly #around: Surroundings
  readonly #connections = new Map<DeviceId, Connection>()
  readonly #handlers = new Map<string, Handler>()
  readonly #feeds = new Set<PresenceFeed>()
  readonly #searches = new Set<() => void>()

  constructor(self: DeviceId, life: Life, around: Surroundings) {
    this.self = self
    this.life = life
    this.#around = around
  }

  wants(device: DeviceId): boolean {
    return this.#members.has(device)
  }

  isOn(connection: Connection): boolean {
    return this.#connections.get(connection.other(this).self) === connection
  }

  connectionWith(device: DeviceId): Connection | undefined {
    return this.#connections.get(device)
  }

  connections(): readonly Connection[] {
    return [...this.#connections.values()]
  }

  corrupt(frame: Uint8Array, protocol: ProtocolSpec): Uint8Array {
    return this.#around.corrupt(this.self, frame, protocol)
  }

  /** A new connection; one that the device still believed in is lost with it. */
  gain(connection: Connection): void {
    const device = connection.other(this).self
    const old = this.#connections.get(device)
    if (old !== undefined) this.lose(old, 'replaced by a new connection')
    this.#connections.set(device, connection)
    if (this.wants(device)) this.#tell({ device, online: true })
  }

  /** This side no longer has the connection, whatever the other side believes. */
  lose(connection: Connection, reason: string): void {
    if (!this.isOn(connection)) return
    const device = connection.other(this).self
    this.#connections.delete(device)
    this.#around.note('lost', this.life.name, device, reason)
    for (const stream of [...connection.streams]) if (stream.isAt(this)) stream.lose(reason)
    if (this.wants(device)) this.#tell({ device, online: false })
    this.#around.consider(this, device, { isUrgent: false })
  }

  async open(remote: DeviceId, protocol: ProtocolSpec, { signal }: AbortOptions): Promise<PeerStream> {
    signal.throwIfAborted()
    const isAllowed = protocol.isOpenToStrangers || this.wants(remote)
    const known = this.#connections.get(remote)
    if (!isAllowed) throw new PeerError(known ? 'refused' : 'offline', `${remote} is no member: not for ${protocol.id}`)
    const connection = known ?? (protocol.isOpenToStrangers ? this.#around.connect(this, remote) : undefined)
    if (connection === undefined) throw new PeerError('offline', `no connection with ${remote}`)
    return this.#openOn(connection, protocol, signal)
  }

  /** One round trip: the other side takes the stream or refuses it. */
  #openOn(connection: Connection, protocol: ProtocolSpec, signal: AbortSignal): Promise<SimStream> {
    const far = connection.other(this)
    const near = new SimStream(this, connection, protocol)
    return new Promise((resolve, reject) => {
      const listening = onAbort(signal, this.life, () => {
        near.abort('cancelled')
        reject(reasonOf(signal))
      })
      const settle = (error?: PeerError): void => {
        listening[Symbol.dispose]()
        if (error !== undefined) reject(error)
        else resolve(near)
      }
      near.onGone = () => {
        settle(new PeerError('offline', `the connection with ${far.self} was lost`))
      }
      connection.send(this, protocol.id.length, () => {
        const isTaken = far.#accept(connection, protocol, near)
        connection.send(far, 1, () => {
          near.onGone = () => undefined
          if (!isTaken) near.fail('refused')
          settle(isTaken ? undefined : new PeerError('refused', `${far.self} does not take ${protocol.id} from here`))
        })
      })
    })
  }

  #accept(connection: Connection, protocol: ProtocolSpec, near: SimStream): boolean {
    const handler = this.#handlers.get(protocol.id)
    const isAllowed = protocol.isOpenToStrangers || this.wants(connection.other(this).self)
    if (handler === undefined || !isAllowed || near.isOver) return false
    const stream = new SimStream(this, connection, protocol)
    stream.connect(near)
    const handling = async (): Promise<void> => handler(stream)
    handling().then(
      () => stream.close(),
      (cause: unknown) => {
        stream.abort(String(cause))
      },
    )
    return true
  }

  handle(protocol: ProtocolSpec, onStream: Handler): Disposable {
    if (this.#handlers.has(protocol.id)) throw new Error(`${protocol.id} has a handler already`)
    this.#handlers.set(protocol.id, onStream)
    return { [Symbol.dispose]: () => void this.#handlers.delete(protocol.id) }
  }

  async *presence(o: AbortOptions): AsyncGenerator<Presence> {
    const online = [...this.#connections.keys()].filter((device) => this.wants(device))
    const feed = new PresenceFeed(this.life, online)
    this.#feeds.add(feed)
    try {
      yield* feed.changes(o)
    } finally {
      this.#feeds.delete(feed)
    }
  }

  #tell(presence: Presence): void {
    this.#around.note(presence.online ? 'online' : 'offline', this.life.name, presence.device)
    for (const feed of this.#feeds) feed.tell(presence)
  }

  admit(members: ReadonlySet<DeviceId>): void {
    const before = this.#members
    const online = [...this.#connections]
    for (const [device] of online) if (before.has(device) && !members.has(device)) this.#tell({ device, online: false })
    this.#members = new Set(members)
    for (const [device, connection] of online) {
      if (!members.has(device)) this.#shutOut(connection)
      else if (!before.has(device)) this.#tell({ device, online: true })
    }
    for (const device of this.#around.devices()) this.#around.consider(this, device, { isUrgent: !before.has(device) })
  }

  /** Only streams that are open to strangers go on; without any, the connection ends. */
  #shutOut(connection: Connection): void {
    const streams = [...connection.streams].filter((stream) => stream.isAt(this))
    for (const stream of streams) if (!stream.protocol.isOpenToStrangers) stream.abort('no member any more')
    if (!streams.some((stream) => stream.protocol.isOpenToStrangers && !stream.isOver)) this.#hangUp(connection)
  }

  #hangUp(connection: Connection): void {
    const far = connection.other(this)
    connection.send(this, 0, () => {
      far.lose(connection, 'the other side hung up')
    })
    this.lose(connection, 'hung up')
  }

  redial(): void {
    for (const device of this.#members) this.#around.consider(this, device, { isUrgent: true })
  }

  drop(device: DeviceId): Promise<void> {
    const connection = this.#connections.get(device)
    if (connection !== undefined) this.#hangUp(connection)
    return Promise.resolve()
  }

  announce(nameplate: number | null): void {
    this.nameplate = nameplate
    this.#around.announced()
  }

  async *inviters(nameplate: number, { signal }: AbortOptions): AsyncGenerator<Inviter> {
    const told = new Set<DeviceId>()
    let wake = (): void => undefined
    const search = (): void => {
      wake()
    }
    this.#searches.add(search)
    try {
      for (;;) {
        signal.throwIfAborted()
        const found = this.#around.inviters(this, nameplate).find((device) => !told.has(device))
        if (found === undefined) {
          await nextCall(this.life, signal, (call) => (wake = call))
          continue
        }
        told.add(found)
        yield { device: found, addresses: this.#around.addressesOf(found) }
      }
    } finally {
      this.#searches.delete(search)
    }
  }

  /** Somebody announces something else than before, or became reachable. */
  searchAgain(): void {
    for (const search of this.#searches) search()
  }

  async dial(address: string, { signal }: AbortOptions): Promise<DeviceId> {
    signal.throwIfAborted()
    const device = this.#around.deviceAt(address)
    const connection = device === undefined ? undefined : this.#around.connect(this, device)
    await this.life.pause(connection === undefined ? this.#around.dialTimeoutUs : connection.latencyUs())
    signal.throwIfAborted()
    if (device === undefined || connection === undefined) throw new PeerError('offline', `nobody is at ${address}`)
    return device
  }

  addresses(): readonly string[] {
    return this.#around.addressesOf(this.self)
  }

  addressOf(device: DeviceId): string | undefined {
    return this.#connections.has(device) ? this.#around.addressesOf(device)[0] : undefined
  }

  async reaches(device: DeviceId, port: number, { signal }: AbortOptions): Promise<boolean> {
    signal.throwIfAborted()
    await this.life.pause(1)
    return this.#connections.has(device) && port === this.port
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.connections()) this.#hangUp(connection)
    this.#around.leave(this)
    return Promise.resolve()
  }
}
