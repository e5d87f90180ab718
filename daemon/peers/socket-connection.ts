/** A socket as libp2p takes connections, and the count of the bytes that went over it. */

import type { AbortOptions, Logger, MessageStreamDirection } from '@libp2p/interface'
import type { SendResult } from '@libp2p/utils'
import { AbstractMultiaddrConnection } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Socket } from 'node:net'
import { passed } from './passing-memory.ts'

/** A list of byte arrays. */
type Outgoing = Parameters<AbstractMultiaddrConnection['sendData']>[0]

export interface SocketConnectionInit {
  /** What carries the bytes: the TLS socket, or the TCP socket itself. */
  readonly socket: Socket
  readonly remoteAddr: Multiaddr
  readonly direction: MessageStreamDirection
  readonly log: Logger
}

/** Encryption, if there is any, lies within the socket. Starts to deliver once a muxer listens. */
export class SocketConnection extends AbstractMultiaddrConnection {
  readonly #socket: Socket

  constructor(init: SocketConnectionInit) {
    super({ remoteAddr: init.remoteAddr, direction: init.direction, log: init.log })
    const { socket } = init
    this.#socket = socket
    socket.on('data', (bytes) => {
      passed(bytes.length)
      this.onData(bytes)
    })
    socket.on('error', (cause) => this.abort(cause))
    socket.on('drain', () => this.safeDispatchEvent('drain'))
    socket.once('end', () => this.onTransportClosed())
    socket.once('close', (hadError) => {
      if (hadError) this.abort(new Error('the socket failed'))
      else this.onTransportClosed()
    })
    if (socket.destroyed) this.onTransportClosed()
  }

  override sendData(data: Outgoing): SendResult {
    let sentBytes = 0
    for (const bytes of data) {
      sentBytes += bytes.byteLength
      passed(bytes.byteLength)
      if (!this.#socket.write(bytes)) return { sentBytes, canSendMore: false }
    }
    return { sentBytes, canSendMore: true }
  }

  override async sendClose(options?: AbortOptions): Promise<void> {
    if (this.#socket.destroyed) return
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()))
    this.#socket.destroySoon()
    options?.signal?.addEventListener('abort', () => this.#socket.destroy(), { once: true })
    await closed
  }

  override sendReset(): void {
    this.#socket.destroy()
  }

  override sendPause(): void {
    this.#socket.pause()
  }

  override sendResume(): void {
    this.#socket.resume()
  }
}

export interface Traffic {
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** Counts what TCP sockets carry, encryption and handshakes included, closed ones too. */
export class TrafficCounter {
  readonly #open = new Set<Socket>()
  #sentBytes = 0
  #receivedBytes = 0

  watch(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#sentBytes += socket.bytesWritten
      this.#receivedBytes += socket.bytesRead
    })
  }

  total(): Traffic {
    let [sentBytes, receivedBytes] = [this.#sentBytes, this.#receivedBytes]
    for (const socket of this.#open) {
      sentBytes += socket.bytesWritten
      receivedBytes += socket.bytesRead
    }
    return { sentBytes, receivedBytes }
  }
}
