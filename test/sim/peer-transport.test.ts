/** The simulated network keeps to what every `PeerTransport` keeps to. */

import type { PeerNetwork } from '../conformance/peer-network.ts'
import { describePeerTransport } from '../conformance/peer-transport.ts'
import { createWorld } from './world.ts'

/** Virtual time that passes with each turn of a waiting test, in milliseconds. */
const TICK_MS = 20

describePeerTransport('simulated', (count) => Promise.resolve(openNetwork(count)))

function openNetwork(count: number): PeerNetwork {
  const world = createWorld('conformance')
  const devices = ['anna', 'ben', 'carl'].slice(0, count).map((name) => world.device(name))
  const peers = devices.map((device) => device.start(({ transport }) => transport))
  let running: Promise<unknown> | undefined
  return {
    peers,
    dialAddress: (peer) => world.network.hostOf(peer.self),
    deadAddress: '10.9.9.9:1',
    tick: async () => {
      running ??= world.runFor(TICK_MS).finally(() => (running = undefined))
      await running
    },
    [Symbol.asyncDispose]: async () => {
      for (const peer of peers) await peer[Symbol.asyncDispose]()
    },
  }
}
