/** A network that dies without a word. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BLOB } from '../../protocol/protocols.ts'
import { peerError } from '../conformance/peer-network.ts'
import { openProxy } from './frozen-proxy.ts'
import { hearPresence, openLocal } from './real-network.ts'

const signal = AbortSignal.timeout(30_000)

describe('a connection on which nothing comes any more', () => {
  it('is given up, and replaced once the network is back', async () => {
    await using b = await openLocal()
    await using proxy = await openProxy(b.port)
    await using a = await openLocal({
      timing: { silenceMs: 3_500 },
      known: new Map([[b.self, [`/ip4/127.0.0.1/tcp/${proxy.port}/tls`]]]),
    })
    a.admit(new Set([b.self]))
    b.admit(new Set([a.self]))
    await hearPresence(a, b.self, true)
    const stream = a.open(b.self, BLOB, { signal })
    await assert.rejects(stream, peerError('refused'))
    proxy.isFrozen = true
    await hearPresence(a, b.self, false)
    proxy.isFrozen = false
    a.redial()
    await hearPresence(a, b.self, true)
  })
})
