/** Devices whose protocols have moved on: with one that still speaks ours we sync, of one that does not we know it. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Libp2p } from '@libp2p/interface'
import { deviceOf } from '../../daemon/peers/identity.ts'
import type { Libp2pPeerTransport } from '../../daemon/peers/transport.ts'
import { GROUP, META, laterMajors } from '../../protocol/protocols.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'
import { peerError } from '../conformance/peer-network.ts'
import { openLocal } from './real-network.ts'
import { createStockNode } from './stock-node.ts'

const o = { signal: AbortSignal.timeout(30_000) }
const GREETING = Uint8Array.of(1)

describe('a device of another major', () => {
  let holt: Libp2pPeerTransport
  let other: Libp2p

  beforeEach(async () => {
    holt = await openLocal()
    other = await createStockNode(randomBytes(32))
    holt.admit(new Set([deviceOf(other.peerId)]))
  })
  afterEach(async () => {
    await Promise.all([holt[Symbol.asyncDispose](), other.stop()])
  })

  /** The other device speaks these, and is connected. */
  async function speaks(...ids: readonly string[]): Promise<void> {
    for (const id of ids) await other.handle(id, (stream) => void stream.send(GREETING))
    await holt.dial(other.getMultiaddrs()[0]?.toString() ?? '', o)
  }

  const idOf = (spec: ProtocolSpec, major: number): string => spec.id.replace(/\d+$/, String(major))

  for (const spec of [GROUP, META]) {
    it(`that speaks only the next one of ${spec.id} is known as newer`, async () => {
      await speaks(idOf(spec, 2))
      await assert.rejects(holt.open(deviceOf(other.peerId), spec, o), peerError('newer'))
    })

    it(`that speaks this one and the next of ${spec.id} is spoken to in this one`, async () => {
      await speaks(idOf(spec, 2), spec.id)
      const stream = await holt.open(deviceOf(other.peerId), spec, o)
      stream.abort('the test is over')
    })
  }

  it('that speaks none of it only refuses', async () => {
    await speaks('/other/1')
    await assert.rejects(holt.open(deviceOf(other.peerId), META, o), peerError('refused'))
  })

  it('is asked for the majors that come next', () => {
    assert.deepEqual(laterMajors('/holt/meta/1').slice(0, 2), ['/holt/meta/2', '/holt/meta/3'])
    assert.deepEqual(laterMajors('/holt/meta/9')[0], '/holt/meta/10')
  })
})
