/** Real transports on the loopback interface, kept apart from everything else on this machine. */

import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { createSystemClock } from '../../daemon/system-clock.ts'
import { openPeerTransport } from '../../daemon/peers/transport.ts'
import type { Libp2pPeerTransport, PeerTransportOptions } from '../../daemon/peers/transport.ts'
import type { Log, PeerTransport } from '../../daemon/ports.ts'
import type { DeviceId } from '../../protocol/ids.ts'
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
    clock: createSystemClock(),
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

const HEAR_MS_MAX = 15_000

/** Waits for a member to come or go. */
export async function hearPresence(transport: PeerTransport, device: DeviceId, online: boolean): Promise<void> {
  for await (const presence of transport.presence({ signal: AbortSignal.timeout(HEAR_MS_MAX) })) {
    if (presence.device === device && presence.online === online) return
  }
  assert.fail(`waited ${HEAR_MS_MAX} ms for ${device} to be ${online ? 'online' : 'offline'}`)
}
