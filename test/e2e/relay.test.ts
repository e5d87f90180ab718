/** Somebody in the middle of a pairing over the real network: a node of its own that passes everything on as it is. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { PAIR } from '../../protocol/protocols.ts'
import { createSystemClock } from '../../daemon/system-clock.ts'
import { openPeerTransport } from '../../daemon/peers/transport.ts'
import type { Libp2pPeerTransport } from '../../daemon/peers/transport.ts'
import type { PeerStream } from '../../daemon/ports.ts'
import { Device, firstLine } from './device.ts'
import { assertSaid } from './said.ts'

const { signal } = new AbortController()

/** A node without a daemon, which passes on to one device whatever others say to it about pairing. */
async function openRelay(target: string): Promise<{ node: Libp2pPeerTransport; frames: () => number }> {
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const listen = { host: '127.0.0.1', port: 0, isExplicit: true }
  const node = await openPeerTransport({
    seed,
    listen,
    discovery: false,
    log: { event: () => undefined },
    clock: createSystemClock(),
  })
  const victim: DeviceId = await node.dial(target, { signal })
  let frames = 0
  const pass = async (from: PeerStream, to: PeerStream): Promise<void> => {
    for (let frame = await from.read({ signal }); frame !== undefined; frame = await from.read({ signal })) {
      frames += 1
      await to.write(frame, { signal })
    }
    await to.close()
  }
  node.handle(PAIR, async (stream) => {
    const onward = await node.open(victim, PAIR, { signal })
    await Promise.all([pass(stream, onward), pass(onward, stream)])
  })
  return { node, frames: () => frames }
}

describe('somebody in the middle of a pairing, on the real network', () => {
  itInFull(
    'relays all of it between two devices, pairs with neither, and does not keep them from pairing',
    async () => {
      await using anna = new Device('anna')
      await using ben = new Device('ben')
      await Promise.all([anna.start(), ben.start()])
      const showing = anna.begin('pair')
      const ended = once(showing, 'close')
      const code = await firstLine(showing)
      const { node, frames } = await openRelay(await anna.address())
      await using _node = node
      const relayed = await ben.holt('pair', '--address', `127.0.0.1:${node.port}`, code)
      assertSaid(relayed, EXIT.refused, 'wrong-code', /shows another code, or somebody stands in between/)
      assert.ok(frames() >= 5, 'hello, share and proof went through the middle')
      for (const device of [anna, ben]) assert.equal((await device.status()).devices.length, 1)
      assert.equal(showing.exitCode, null, 'the code is shown still')
      await ben.mustHolt('pair', '--address', await anna.address(), code)
      await ended
      assert.equal(showing.exitCode, EXIT.ok)
    },
  )
})
