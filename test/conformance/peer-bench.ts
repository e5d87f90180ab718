/** One network of a conformance test, with what most tests do on it. */

import assert from 'node:assert/strict'
import type { PeerStream, PeerTransport } from '../../daemon/ports.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'
import type { PeerNetwork } from './peer-network.ts'
import { openWhenOnline, settled } from './peer-network.ts'

export class Bench {
  readonly network: PeerNetwork
  readonly a: PeerTransport
  readonly b: PeerTransport
  readonly #ends = new AbortController()

  constructor(network: PeerNetwork) {
    const [a, b] = network.peers
    assert.ok(a !== undefined && b !== undefined, 'a network of at least two')
    this.network = network
    this.a = a
    this.b = b
  }

  get signal(): AbortSignal {
    return this.#ends.signal
  }

  admitAll(): void {
    const members = new Set(this.network.peers.map((peer) => peer.self))
    for (const peer of this.network.peers) peer.admit(members)
  }

  /** A stream from a to b, both ends of it; b's handler ends with the test. */
  async pair(protocol: ProtocolSpec): Promise<{ near: PeerStream; far: PeerStream }> {
    const accepted = Promise.withResolvers<PeerStream>()
    this.b.handle(protocol, async (stream) => {
      accepted.resolve(stream)
      await new Promise((resolve) => this.signal.addEventListener('abort', resolve))
    })
    const near = await openWhenOnline(this.network, this.a, this.b, protocol)
    return { near, far: await settled(this.network, accepted.promise, 'the other end') }
  }

  wait<T>(promise: Promise<T>, what?: string): Promise<T> {
    return settled(this.network, promise, what)
  }

  write(stream: PeerStream, frame: Uint8Array): Promise<void> {
    return this.wait(stream.write(frame, this), 'a write')
  }

  read(stream: PeerStream): Promise<Uint8Array | undefined> {
    return this.wait(stream.read(this), 'a frame')
  }

  async end(): Promise<void> {
    this.#ends.abort()
    await this.network[Symbol.asyncDispose]()
  }
}
