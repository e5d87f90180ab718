/** Real transports on the loopback interface, kept apart from everything else on this machine. */

import { randomBytes, randomInt } from 'node:crypto'
import { openPeerTransport } from '../../daemon/peers/transport.ts'
import type { Libp2pPeerTransport, PeerTransportOptions } from '../../daemon/peers/transport.ts'
import type { Log } from '../../daemon/ports.ts'
import type { PeerNetwork } from '../conformance/peer-network.ts'

export const silentLog: Log = { event: () => undefined }

/** A UDP port for the announcements of one test, which no other test hears. */
export const discoveryPort = (): number => randomInt(30_000, 60_000)

/** A transport on loopback with a new identity, without discovery unless `changes` says otherwise. */
export function openLocal(changes: Partial<PeerTransportOptions> = {}): Promise<Libp2pPeerTransport> {
  return openPeerTransport({
    seed: randomBytes(32),
    listen: { host: '127.0.0.1', port: 0, isExplicit: true },
    discovery: false,
    log: silentLog,
    ...changes,
  })
}

export async function openRealNetwork(count: number): Promise<PeerNetwork> {
  const discovery = { interfaces: new Set(['lo']), udpPort: discoveryPort() }
  const peers = await Promise.all(Array.from({ length: count }, () => openLocal({ discovery })))
  const ports = new Map(peers.map((peer) => [peer.self, peer.port]))
  return {
    peers,
    dialAddress: (peer) => `127.0.0.1:${ports.get(peer.self) ?? 0}`,
    deadAddress: '127.0.0.1:9',
    [Symbol.asyncDispose]: async () => {
      await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()))
    },
  }
}
