/** What every `PeerTransport` keeps to. The libp2p one and the simulated one both run this. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe } from 'node:test'
import { Bench } from './peer-bench.ts'
import { describeInviters, describeNobody, describePorts, describePresence, describeStrangers } from './peer-devices.ts'
import type { PeerNetwork } from './peer-network.ts'
import { describeDrops, describeEnds, describeManyStreams, describePressure, describeStreams } from './peer-streams.ts'

/**
 * @param open A fresh network of so many transports, none of which has admitted anyone yet. The suite disposes it.
 */
export function describePeerTransport(name: string, open: (count: 2 | 3) => Promise<PeerNetwork>): void {
  describe(`PeerTransport: ${name}`, () => {
    const context: { current?: Bench } = {}
    const bench = (): Bench => {
      assert.ok(context.current)
      return context.current
    }
    const setUp = async (count: 2 | 3): Promise<void> => void (context.current = new Bench(await open(count)))
    const tearDown = (): Promise<void> => bench().end()

    describe('between two members', () => {
      beforeEach(() => setUp(2))
      afterEach(tearDown)
      describeStreams(bench)
      describeManyStreams(bench)
      describePressure(bench)
      describeEnds(bench)
      describeDrops(bench)
      describePorts(bench)
    })
    describe('between strangers', () => {
      beforeEach(() => setUp(2))
      afterEach(tearDown)
      describeStrangers(bench)
      describeNobody(bench)
      describeInviters(bench)
    })
    describe('among three', () => {
      beforeEach(() => setUp(3))
      afterEach(tearDown)
      describePresence(bench)
    })
  })
}
