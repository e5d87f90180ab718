/** What other programs can do to the one port: speak noise, send garbage, open too much, send too large frames. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import type { Connection, Libp2p } from '@libp2p/interface'
import { frameHeader } from '../../daemon/peers/frame-buffer.ts'
import { deviceOf } from '../../daemon/peers/identity.ts'
import type { Libp2pPeerTransport } from '../../daemon/peers/transport.ts'
import type { PeerStream } from '../../daemon/ports.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'
import { META, PAIR } from '../../protocol/protocols.ts'
import { peerError } from '../conformance/peer-network.ts'
import { openLocal } from './real-network.ts'
import { createStockNode, dialStock, openGreeted } from './stock-node.ts'

/** A refusal comes within this time, or not at all. */
const REFUSED_MS_MAX = 1_000

describe('a program that is no Holt', () => {
  let holt: Libp2pPeerTransport
  let stock: Libp2p
  const end = new AbortController()

  beforeEach(async () => {
    holt = await openLocal()
    stock = await createStockNode(randomBytes(32))
  })
  afterEach(async () => {
    await Promise.all([holt[Symbol.asyncDispose](), stock.stop()])
  })

  /** The accepting end of a stream that the stock node opens. */
  async function accepted(protocol: ProtocolSpec): Promise<{ far: PeerStream; send: (bytes: Uint8Array) => void }> {
    const arrived = Promise.withResolvers<PeerStream>()
    holt.handle(protocol, async (stream) => {
      arrived.resolve(stream)
      await new Promise((resolve) => end.signal.addEventListener('abort', resolve))
    })
    const { stream } = await openGreeted(await dialStock(stock, holt.port), protocol.id)
    return { far: await arrived.promise, send: (bytes) => void stream.send(bytes) }
  }

  it('speaks noise over plain TCP at the same port', async () => {
    const { far, send } = await accepted(PAIR)
    assert.equal(far.remote, deviceOf(stock.peerId))
    send(Buffer.concat([frameHeader(2), Uint8Array.of(4, 5)]))
    assert.deepEqual(await far.read({ signal: AbortSignal.timeout(5_000) }), Uint8Array.of(4, 5))
  })

  it('is dialled with noise where it has no TLS', async () => {
    const [address] = stock.getMultiaddrs()
    assert.ok(address)
    assert.equal(await holt.dial(address.toString(), { signal: AbortSignal.timeout(5_000) }), deviceOf(stock.peerId))
  })

  it('gets no stream of a protocol for members', async () => {
    let streams = 0
    holt.handle(META, async () => {
      streams += 1
    })
    const connection = await dialStock(stock, holt.port)
    const { stream, ended } = await openGreeted(connection, META.id).catch(() => ({
      stream: undefined,
      ended: undefined,
    }))
    stream?.send(Uint8Array.of(0))
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, REFUSED_MS_MAX))])
    assert.notEqual(stream?.status, 'open')
    assert.equal(streams, 0)
  })

  it('loses the stream on which it sends a frame that is too large', async () => {
    const { far, send } = await accepted(PAIR)
    send(frameHeader(PAIR.frameBytesMax + 1))
    await assert.rejects(far.read({ signal: AbortSignal.timeout(5_000) }), peerError('too-large'))
    await assert.rejects(far.read({ signal: AbortSignal.timeout(5_000) }), peerError('too-large', 'gone'))
  })

  it('loses the stream on which it sends a bomb', async () => {
    holt.admit(new Set([deviceOf(stock.peerId)]))
    const { far, send } = await accepted(META)
    const bomb = Buffer.concat([Buffer.of(1), deflateRawSync(Buffer.alloc(META.frameBytesMax + 1))])
    send(Buffer.concat([frameHeader(bomb.length), bomb]))
    await assert.rejects(far.read({ signal: AbortSignal.timeout(5_000) }), peerError('too-large'))
  })

  it('has eight connections and no more', async () => {
    const opened: Connection[] = []
    for (let i = 0; i < 12; i++) {
      const connection = await dialStock(stock, holt.port).catch(() => undefined)
      if (connection !== undefined) opened.push(connection)
    }
    const isOpen = (): number => opened.filter(({ status }) => status === 'open').length
    const deadline = performance.now() + 5_000
    while (isOpen() > 8 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.equal(isOpen(), 8)
  })

  it('ends only its own connection with garbage', async () => {
    for (const garbage of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.of(0x16, 3, 1, 0, 9, 1, 1),
      randomBytes(5_000),
    ]) {
      const socket = connect(holt.port, '127.0.0.1')
      socket.write(garbage)
      await closed(socket)
    }
    const { far } = await accepted(PAIR)
    assert.equal(far.remote, deviceOf(stock.peerId))
  })

  it('holds eight handshakes open and no more', async () => {
    const sockets = Array.from({ length: 12 }, () => connect(holt.port, '127.0.0.1'))
    const ends = sockets.map((socket) => closed(socket))
    await Promise.all(ends.slice(8))
    assert.equal(sockets.filter((socket) => !socket.destroyed).length, 8)
    for (const socket of sockets) socket.destroy()
  })
})

/** Sends nothing more, and waits until the other side has had enough. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined)
    socket.once('close', () => resolve())
    socket.resume()
    socket.setTimeout(100, () => socket.end())
  })
}
