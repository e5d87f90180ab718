/**
 * The libp2p transport of Holt: TCP, over which either Node's own TLS runs (`/tcp/N/tls`, between Holts) or noise
 * (`/tcp/N`, for every other libp2p program). Both come in at one port: a TLS handshake begins with the byte 0x16, and
 * multistream-select never does.
 */

import type {
  Connection,
  DialTransportOptions,
  Listener,
  Logger,
  StreamMuxer,
  StreamMuxerFactory,
  Transport,
  Upgrader,
} from '@libp2p/interface'
import { transportSymbol } from '@libp2p/interface'
import { ipPortToMultiaddr } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { SecureContext } from 'node:tls'
import { abortReason } from './abortable.ts'
import type { Endpoint } from './address.ts'
import { endpointOf } from './address.ts'
import type { TrafficCounter } from './socket-connection.ts'
import { SocketConnection } from './socket-connection.ts'
import { secureInbound, secureOutbound } from './tls-handshake.ts'

/** From the first byte to a connection that can carry streams. */
const HANDSHAKE_MS_MAX = 10_000
/** Accepted sockets that have proved nothing yet. */
const HANDSHAKES_MAX = 32
/** Of these, from one address. */
const HANDSHAKES_PER_ADDRESS_MAX = 8
/** The content type of a TLS handshake record (RFC 8446 §5.1). */
const TLS_HANDSHAKE_BYTE = 0x16

/** A muxer that asks the other side to say something. */
export interface PingableMuxer extends StreamMuxer {
  ping(): Promise<unknown>
}

export interface LinkTransportInit {
  readonly upgrader: Upgrader
  readonly muxers: StreamMuxerFactory<PingableMuxer>
  readonly context: SecureContext
  readonly traffic: TrafficCounter
  readonly log: Logger
}

export class LinkTransport implements Transport {
  readonly [Symbol.toStringTag] = 'holt-link'
  readonly [transportSymbol] = true
  readonly #init: LinkTransportInit
  readonly #handshaking = new Set<Socket>()
  readonly #open = new Set<Socket>()
  /** By the timeline, which libp2p hands on from the socket's connection to the connection that others see. */
  readonly #sockets = new WeakMap<object, Socket>()

  /** By the timeline, too. */
  readonly #muxers = new WeakMap<object, PingableMuxer>()
  /** Those of `init`, each of which can be found again. */
  readonly #muxerFactory: StreamMuxerFactory

  constructor(init: LinkTransportInit) {
    this.#init = init
    const { protocol } = init.muxers
    this.#muxerFactory = {
      protocol,
      createStreamMuxer: (connection) => {
        const muxer = init.muxers.createStreamMuxer(connection)
        if (connection instanceof SocketConnection) this.#muxers.set(connection.timeline, muxer)
        return muxer
      },
    }
  }

  /** Dials one address; the connection opens as the event `connection:open`, too. */
  async dial(address: Multiaddr, options: Pick<DialTransportOptions, 'signal'>): Promise<Connection> {
    const endpoint = endpointOf(address)
    if (endpoint === undefined) throw new TypeError(`not an address of this transport: ${address.toString()}`)
    const { signal } = options
    const raw = await connected(endpoint, signal)
    this.#prepare(raw)
    try {
      if (!endpoint.isTls) {
        return await this.#init.upgrader.upgradeOutbound(this.#wrap(raw, raw, 'outbound', address), { signal })
      }
      const { socket, remote } = await secureOutbound(raw, this.#init.context, endpoint.remote, signal)
      return await this.#init.upgrader.upgradeOutbound(this.#wrap(socket, raw, 'outbound', address), {
        ...this.#secured(remote),
        signal,
      })
    } catch (cause) {
      raw.destroy()
      throw cause
    }
  }

  /** Takes over a socket that was accepted. Whatever it does wrong ends it, and nothing else. */
  async receive(raw: Socket): Promise<void> {
    raw.on('error', () => raw.destroy())
    if (!this.#hasRoomFor(raw)) return void raw.destroy()
    this.#handshaking.add(raw)
    const signal = AbortSignal.timeout(HANDSHAKE_MS_MAX)
    try {
      this.#prepare(raw)
      await this.#upgrade(raw, signal)
    } catch (cause) {
      this.#init.log('an inbound connection failed: %s', cause)
      raw.destroy()
    } finally {
      this.#handshaking.delete(raw)
    }
  }

  #hasRoomFor(raw: Socket): boolean {
    const neighbours = [...this.#handshaking].filter((other) => other.remoteAddress === raw.remoteAddress)
    return this.#handshaking.size < HANDSHAKES_MAX && neighbours.length < HANDSHAKES_PER_ADDRESS_MAX
  }

  async #upgrade(raw: Socket, signal: AbortSignal): Promise<void> {
    const { remoteAddress, remotePort } = raw
    if (remoteAddress === undefined || remotePort === undefined) return
    const address = ipPortToMultiaddr(remoteAddress, remotePort)
    if ((await firstByte(raw, signal)) !== TLS_HANDSHAKE_BYTE) {
      const connection = this.#wrap(raw, raw, 'inbound', address)
      raw.resume()
      return this.#init.upgrader.upgradeInbound(connection, { signal })
    }
    const { socket, remote } = await secureInbound(raw, this.#init.context, signal)
    const connection = this.#wrap(socket, raw, 'inbound', address)
    await this.#init.upgrader.upgradeInbound(connection, { ...this.#secured(remote), signal })
  }

  /** Nothing is left for libp2p to negotiate. */
  #secured<Remote>(remotePeer: Remote) {
    return { skipEncryption: true, skipProtection: true, remotePeer, muxerFactory: this.#muxerFactory } as const
  }

  #prepare(raw: Socket): void {
    raw.setNoDelay(true)
    this.#open.add(raw)
    raw.once('close', () => this.#open.delete(raw))
    this.#init.traffic.watch(raw)
  }

  #wrap(socket: Socket, raw: Socket, direction: 'inbound' | 'outbound', remoteAddr: Multiaddr): SocketConnection {
    if (socket !== raw) raw.on('error', () => socket.destroy())
    const log = this.#init.log.newScope(direction)
    const connection = new SocketConnection({ socket, direction, remoteAddr, log })
    this.#sockets.set(connection.timeline, raw)
    return connection
  }

  /** Bytes that have come over a connection's socket. */
  receivedBytes(connection: Connection): number {
    return this.#sockets.get(connection.timeline)?.bytesRead ?? 0
  }

  /** Asks the other side to say something; whether it does is seen by the bytes that come. */
  ping({ timeline }: Connection): void {
    this.#muxers
      .get(timeline)
      ?.ping()
      .catch((cause: unknown) => this.#init.log('a ping was not answered: %s', cause))
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter((address) => endpointOf(address) !== undefined)
  }

  /** The port is opened by `listen` in `listening-port.ts`, which hands the sockets to `receive`. */
  listenFilter(): Multiaddr[] {
    return []
  }

  createListener(): Listener {
    throw new TypeError('this transport is handed its sockets')
  }

  /** Ends the handshakes that are under way. */
  close(): void {
    for (const raw of this.#handshaking) raw.destroy()
  }

  /** Ends every socket. */
  destroyAll(): void {
    for (const raw of this.#open) raw.destroy()
  }
}

function connected(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: endpoint.host, port: endpoint.port })
    const onAbort = (): void => void socket.destroy(new Error('the dial was given up', { cause: signal.reason }))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    socket.once('close', () => signal.removeEventListener('abort', onAbort))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => socket.destroy())
      signal.removeEventListener('abort', onAbort)
      resolve(socket)
    })
  })
}

/** Looks at the first byte and puts it back. The socket is paused afterwards. */
function firstByte(raw: Socket, signal: AbortSignal): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => end(() => reject(abortReason(signal)))
    const onClose = (): void => end(() => reject(new Error('the connection closed before its first byte')))
    const onData = (bytes: Buffer): void => {
      raw.pause()
      raw.unshift(bytes)
      end(() => resolve(bytes[0]))
    }
    const end = (settle: () => void): void => {
      raw.off('data', onData).off('close', onClose)
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    raw.on('data', onData).on('close', onClose)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
