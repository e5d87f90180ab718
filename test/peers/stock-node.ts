/** A libp2p node as others make it: noise over TCP, streams without our frames. For tests of what strangers can do. */

import { noise } from '@chainsafe/libp2p-noise'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { peerKeyOf } from '../../daemon/peers/identity.ts'

export function createStockNode(seed: Uint8Array): Promise<Libp2p> {
  return createLibp2p({
    privateKey: peerKeyOf(seed),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  })
}

export function dialStock(node: Libp2p, port: number): Promise<Connection> {
  return node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}`), { signal: AbortSignal.timeout(5_000), force: true })
}

/** Opens a stream as our transport does, up to the greeting, and hands over what comes after it. */
export async function openGreeted(
  connection: Connection,
  protocol: string,
): Promise<{ stream: Stream; ended: Promise<void> }> {
  const stream = await connection.newStream([protocol], { signal: AbortSignal.timeout(5_000) })
  const ended = new Promise<void>((resolve) => stream.addEventListener('close', () => resolve()))
  const greeted = new Promise<void>((resolve) => stream.addEventListener('message', () => resolve()))
  stream.send(Uint8Array.of(1))
  await Promise.race([greeted, ended])
  return { stream, ended }
}
