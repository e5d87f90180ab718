/** The real network between devices: libp2p over TCP with TLS or noise, found by multicast DNS or by a typed address. */

import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { UnexpectedPeerError } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Server } from 'node:net'
import type { AbortOptions, Clock, Inviter, Log, PeerStream, PeerTransport, Presence } from '../ports.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'
import { abortable } from './abortable.ts'
import { AddressBook } from './address-book.ts'
import {
  endpointOf,
  holtAddress,
  isEveryAddress,
  listeningAddress,
  parseStoredAddress,
  parseTypedAddress,
  withoutPeer,
} from './address.ts'
import { DialBudget } from './dial-budget.ts'
import type { DialAddress } from './dial-run.ts'
import type { Sighting } from './discovery.ts'
import { Discovery } from './discovery.ts'
import { deviceOf, peerKeyOf } from './identity.ts'
import { KeepConnected } from './keep-connected.ts'
import type { LinkTiming } from './links.ts'
import { LINK_TIMING, Links } from './links.ts'
import type { ListenOptions } from './listening-port.ts'
import { openPort, portOf } from './listening-port.ts'
import { localNetworks } from './local-networks.ts'
import { PeerError } from './peer-error.ts'
import type { PeerNode } from './peer-node.ts'
import { createPeerNode } from './peer-node.ts'
import { PresenceFeed } from './presence-feed.ts'
import { Reach } from './reach.ts'
import { Sightings } from './sightings.ts'
import type { Traffic } from './socket-connection.ts'
import { TrafficCounter } from './socket-connection.ts'
import { INBOUND_STREAMS_MAX, StreamDesk } from './stream-desk.ts'
import { probePort } from './tcp-probe.ts'

export interface DiscoveryOptions {
  /** Names of the interfaces to use; undefined uses all. */
  readonly interfaces?: ReadonlySet<string> | undefined
  /** Other than 5353 only to keep apart what shall not meet, such as tests. */
  readonly udpPort?: number | undefined
}

export interface PeerTransportOptions {
  /** The Ed25519 seed of this device, 32 bytes. */
  readonly seed: Uint8Array
  readonly listen: ListenOptions
  /** False neither sends nor listens to multicast: only typed and known addresses are used. */
  readonly discovery: boolean | DiscoveryOptions
  readonly log: Log
  readonly clock: Clock
  /** Addresses (multiaddrs) at which devices were reached before, newest first. */
  readonly known?: ReadonlyMap<DeviceId, readonly string[]> | undefined
  /** The addresses of a member are others than before: to be kept for the next start. */
  readonly onAddresses?: ((member: DeviceId, addresses: readonly string[]) => void) | undefined
  readonly timing?: Partial<LinkTiming> | undefined
}

export interface Libp2pPeerTransport extends PeerTransport {
  /** Bytes that went over the wire since the start, encryption and headers included. */
  traffic(): Traffic
  /** Whether there is an address at which to dial a device. */
  knowsAddress(device: DeviceId): boolean
}

/** How long one typed address may take. */
const DIAL_MS_MAX = 10_000

/** @throws PeerError `port-in-use` */
export async function openPeerTransport(options: PeerTransportOptions): Promise<Libp2pPeerTransport> {
  const traffic = new TrafficCounter()
  const gate: { transport?: Transport } = {}
  const isDenied = (peer: PeerId): boolean => gate.transport?.isDenied(peer) ?? true
  const node = await createPeerNode(peerKeyOf(options.seed), traffic, {
    denyInboundEncryptedConnection: isDenied,
    denyOutboundEncryptedConnection: isDenied,
  })
  const server = await openPort(options.listen, (socket) => void node.transport.receive(socket))
  gate.transport = new Transport(options, node, server, traffic)
  options.log.event('peers.listening', { port: gate.transport.port })
  return gate.transport
}

class Transport implements Libp2pPeerTransport {
  readonly self: DeviceId
  readonly port: number
  readonly #options: PeerTransportOptions
  readonly #node: PeerNode
  readonly #server: Server
  readonly #traffic: TrafficCounter
  readonly #book: AddressBook
  readonly #budget = new DialBudget()
  readonly #desk: StreamDesk
  readonly #discovery: Discovery | undefined
  readonly #keep: KeepConnected
  readonly #links: Links<Connection>
  readonly #presence = new PresenceFeed()
  readonly #protocols = new Map<string, object>()
  readonly #reach: Reach
  readonly #sightings = new Sightings()
  readonly #ends = new AbortController()
  #members: ReadonlySet<DeviceId> = new Set()
  #nameplate: number | null = null
  #closing: Promise<void> | undefined

  constructor(options: PeerTransportOptions, node: PeerNode, server: Server, traffic: TrafficCounter) {
    this.self = deviceOf(node.libp2p.peerId)
    this.port = portOf(server)
    this.#options = options
    this.#node = node
    this.#server = server
    this.#traffic = traffic
    const isMember = (device: DeviceId): boolean => this.#members.has(device)
    this.#book = new AddressBook(options.known ?? new Map<DeviceId, readonly string[]>())
    this.#desk = new StreamDesk({ isMember, log: options.log })
    this.#links = new Links({
      self: this.self,
      timing: { ...LINK_TIMING, ...options.timing },
      isMember,
      receivedBytes: (connection) => node.transport.receivedBytes(connection),
      ping: (connection) => node.transport.ping(connection),
    })
    this.#reach = new Reach({
      addressesOf: (device) => this.#book.of(device),
      dial: (device) => this.#dialAs(device),
    })
    this.#keep = new KeepConnected({
      self: this.self,
      isConnected: (device) => this.#links.isConnected(device),
      reach: (device) => this.#reach.to(device),
      random01: Math.random,
    })
    this.#discovery = this.#startDiscovery()
    this.#inBackground(this.#links.run(options.clock, { signal: this.#ends.signal }))
    node.libp2p.addEventListener('connection:open', (event) => this.#onOpen(event.detail))
    node.libp2p.addEventListener('connection:close', (event) => this.#onClose(event.detail))
  }

  async open(remote: DeviceId, protocol: ProtocolSpec, o: AbortOptions): Promise<PeerStream> {
    o.signal.throwIfAborted()
    if (!protocol.isOpenToStrangers && !this.#members.has(remote)) {
      throw new PeerError('refused', `${remote} is no member, and ${protocol.id} is for members`)
    }
    const connection = this.#links.best(remote) ?? (await this.#connect(remote, o))
    try {
      return await this.#desk.open(connection, remote, protocol, o)
    } catch (cause) {
      const other = this.#links.best(remote)
      const isLost = cause instanceof PeerError && cause.code === 'offline'
      if (!isLost || other === undefined || other === connection) throw cause
      return this.#desk.open(other, remote, protocol, o)
    }
  }

  handle(protocol: ProtocolSpec, onStream: (stream: PeerStream) => Promise<void>): Disposable {
    if (this.#protocols.has(protocol.id)) throw new TypeError(`${protocol.id} has a handler already`)
    const registration = {}
    this.#protocols.set(protocol.id, registration)
    const limits = { maxInboundStreams: INBOUND_STREAMS_MAX, maxOutboundStreams: INBOUND_STREAMS_MAX }
    const serve = (stream: Stream, connection: Connection): void =>
      void this.#desk.serve(stream, connection, protocol, onStream)
    this.#inBackground(this.#node.libp2p.handle(protocol.id, serve, limits))
    return {
      [Symbol.dispose]: () => {
        if (this.#protocols.get(protocol.id) !== registration) return
        this.#protocols.delete(protocol.id)
        this.#inBackground(this.#node.libp2p.unhandle(protocol.id))
      },
    }
  }

  presence(o: AbortOptions): AsyncIterable<Presence> {
    return this.#presence.follow({ signal: this.#untilClosed(o) })
  }

  admit(members: ReadonlySet<DeviceId>): void {
    const before = this.#members
    this.#members = new Set([...members].filter((device) => device !== this.self))
    for (const device of before) if (!this.#members.has(device)) this.#cutOff(device)
    for (const device of this.#members) {
      if (this.#links.isConnected(device)) this.#presence.set(device, true)
      if (!before.has(device)) this.#tellAddresses(device)
    }
    this.#keep.setMembers(this.#members)
  }

  redial(): void {
    this.#links.doubtAll(performance.now())
    this.#discovery?.ask()
    this.#keep.dialAllNow()
  }

  async drop(device: DeviceId): Promise<void> {
    this.#reach.cancel(device)
    for (const connection of this.#links.connections(device)) connection.abort(new Error('the device was dropped'))
  }

  announce(nameplate: number | null): void {
    this.#nameplate = nameplate
    this.#discovery?.announce()
  }

  async *inviters(nameplate: number, o: AbortOptions): AsyncGenerator<Inviter> {
    using _search = this.#discovery?.search()
    for await (const device of this.#sightings.withNameplate(nameplate, { signal: this.#untilClosed(o) })) {
      yield { device, addresses: this.#book.of(device) }
    }
  }

  async dial(address: string, o: AbortOptions): Promise<DeviceId> {
    const typed = parseTypedAddress(address)
    try {
      const signal = AbortSignal.any([this.#untilClosed(o), AbortSignal.timeout(DIAL_MS_MAX)])
      const connection = await this.#node.transport.dial(multiaddr(typed), { signal })
      const device = deviceOf(connection.remotePeer)
      this.#remember(device, typed, null)
      return device
    } catch (cause) {
      o.signal.throwIfAborted()
      throw new PeerError('offline', `no device answers at ${address}`, { cause })
    }
  }

  addresses(): readonly string[] {
    const { host } = this.#options.listen
    if (host !== undefined && !isEveryAddress(host)) return [holtAddress(host, this.port)]
    const networks = localNetworks()
    const reachable = networks.filter((network) => !network.isLoopback)
    return (reachable.length > 0 ? reachable : networks).map(({ address }) => holtAddress(address, this.port))
  }

  addressOf(device: DeviceId): string | undefined {
    const connection = this.#links.best(device)
    if (connection === undefined) return undefined
    const { remoteAddr, direction } = connection
    // Of a connection that came in, the port is of no use to anybody.
    return direction === 'outbound' ? withoutPeer(remoteAddr) : listeningAddress(remoteAddr, this.#book.of(device))
  }

  async reaches(device: DeviceId, port: number, o: AbortOptions): Promise<boolean> {
    const connection = this.#links.best(device)
    const host = connection === undefined ? undefined : endpointOf(connection.remoteAddr)?.host
    return host !== undefined && (await probePort(host, port, o))
  }

  traffic(): Traffic {
    return this.#traffic.total()
  }

  knowsAddress(device: DeviceId): boolean {
    return this.#book.of(device).length > 0
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Whether a device that has just proved its id is turned away. */
  isDenied(peer: PeerId): boolean {
    try {
      return this.#closing !== undefined || !this.#links.hasRoomFor(deviceOf(peer))
    } catch {
      return true
    }
  }

  async #close(): Promise<void> {
    this.#ends.abort(new PeerError('offline', 'this device goes offline'))
    this.#keep[Symbol.dispose]()
    this.#reach.close()
    this.#desk.close()
    const isClosed = new Promise((resolve) => this.#server.close(resolve))
    this.#node.transport.close()
    await Promise.all([this.#discovery?.[Symbol.asyncDispose](), this.#node.libp2p.stop()])
    this.#node.transport.destroyAll()
    await isClosed
  }

  #startDiscovery(): Discovery | undefined {
    const { discovery, log, clock } = this.#options
    if (discovery === false) return undefined
    return new Discovery({
      interfaces: this.#listeningInterfaces(),
      ...(discovery === true ? {} : discovery),
      own: () => ({ device: this.self, port: this.port, nameplate: this.#nameplate }),
      onSighting: (sighting) => this.#onSighting(sighting),
      onNetworkChange: () => this.redial(),
      ...{ log, clock },
    })
  }

  /** Where the port can be reached; undefined means everywhere. */
  #listeningInterfaces(): ReadonlySet<string> | undefined {
    const { host } = this.#options.listen
    if (host === undefined || isEveryAddress(host)) return undefined
    const networks = localNetworks().filter(({ address }) => address === host)
    return new Set(networks.map(({ name }) => name))
  }

  #onSighting(sighting: Sighting): void {
    const { device, address, port, network } = sighting
    if (device === this.self) return
    const isMember = this.#members.has(device)
    const now = performance.now()
    if (!this.#sightings.hasRoomFor(sighting, now) && !isMember) return
    const isNew = this.#remember(device, holtAddress(address, port), network)
    this.#sightings.add(sighting, now)
    if (!isMember || !isNew) return
    this.#links.doubt(device, now)
    this.#keep.dialNow(device)
  }

  #onOpen(connection: Connection): void {
    const device = deviceOf(connection.remotePeer)
    if (!this.#links.hasRoomFor(device)) {
      connection.abort(new Error('too many connections'))
      return
    }
    this.#links.add(connection, device, performance.now())
    if (!this.#members.has(device)) return
    this.#presence.set(device, true)
    this.#keep.online(device)
  }

  #onClose(connection: Connection): void {
    const device = deviceOf(connection.remotePeer)
    this.#links.remove(connection)
    if (this.#links.isConnected(device)) return
    this.#presence.set(device, false)
    this.#keep.offline(device)
  }

  #cutOff(device: DeviceId): void {
    this.#reach.cancel(device)
    this.#presence.set(device, false)
    if (this.#desk.cutOff(device)) return
    for (const connection of this.#links.connections(device)) connection.abort(new Error('the device is no member'))
  }

  async #connect(device: DeviceId, o: AbortOptions): Promise<Connection> {
    const addresses = this.#book.of(device)
    if (addresses.length === 0) throw new PeerError('offline', `no address of ${device} is known`)
    if (!this.#members.has(device) && !this.#budget.take(performance.now())) {
      throw new PeerError('offline', `${device} is not dialled: too many devices were dialled in the last minute`)
    }
    return abortable(this.#reach.to(device), o.signal)
  }

  #dialAs(device: DeviceId): DialAddress {
    return async (address, o) => {
      const target = parseStoredAddress(address)
      if (target === undefined) throw new TypeError(`not an address: ${address}`)
      try {
        return await this.#node.transport.dial(target.encapsulate(`/p2p/${device}`), o)
      } catch (cause) {
        if (cause instanceof UnexpectedPeerError) this.#book.forget(device, address)
        throw cause
      }
    }
  }

  #remember(device: DeviceId, address: string, network: string | null): boolean {
    const isNew = this.#book.add(device, address, network, performance.now())
    this.#book.trim(this.#members)
    if (isNew) this.#tellAddresses(device)
    return isNew
  }

  #tellAddresses(device: DeviceId): void {
    const addresses = this.#book.of(device)
    if (this.#members.has(device) && addresses.length > 0) this.#options.onAddresses?.(device, addresses)
  }

  #untilClosed(o: AbortOptions): AbortSignal {
    return AbortSignal.any([o.signal, this.#ends.signal])
  }

  #inBackground(work: Promise<void>): void {
    work.catch((cause: unknown) => {
      if (!this.#ends.signal.aborted) this.#options.log.event('peers.failed', { reason: String(cause) })
    })
  }
}
