/** Connections that come, go and return: ports, known addresses, stale addresses, bytes counted. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import type { Libp2pPeerTransport, PeerTransportOptions } from '../../daemon/peers/transport.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { BLOB, META } from '../../protocol/protocols.ts'
import { peerError } from '../conformance/peer-network.ts'
import { openProxy } from './frozen-proxy.ts'
import { discoveryPort, hearPresence, openLocal } from './real-network.ts'

const signal = AbortSignal.timeout(60_000)
const opened: AsyncDisposable[] = []

async function open(changes: Partial<PeerTransportOptions> = {}): Promise<Libp2pPeerTransport> {
  const transport = await openLocal(changes)
  opened.push(transport)
  return transport
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((owner) => owner[Symbol.asyncDispose]()))
})

const addressOf = (transport: Libp2pPeerTransport): string => `/ip4/127.0.0.1/tcp/${transport.port}/tls`

describe('the listening port', () => {
  it('is the next free one when it is taken', async () => {
    const first = await open()
    const second = await open({ listen: { host: '127.0.0.1', port: first.port, isExplicit: false } })
    assert.ok(second.port > first.port && second.port < first.port + 100)
    assert.deepEqual(second.addresses(), [addressOf(second)])
  })

  it('is reached at every address of the machine when it listens on all', async () => {
    for (const host of [undefined, '0.0.0.0']) {
      const transport = await open({ listen: { host, port: 0, isExplicit: false } })
      assert.ok(transport.addresses().length > 0)
      for (const address of transport.addresses()) assert.match(address, /^\/ip4\/(?!0\.)[\d.]+\/tcp\/\d+\/tls$/)
    }
  })

  it('is refused with its reason when it is taken and a person asked for it', async () => {
    const first = await open()
    const again = openLocal({ listen: { host: '127.0.0.1', port: first.port, isExplicit: true } })
    await assert.rejects(again, peerError('port-in-use'))
  })
})

describe('known addresses', () => {
  it('are dialled at the start, the stale ones beside the right one', async () => {
    const b = await open()
    const mute = await openProxy(b.port)
    opened.push(mute)
    mute.isFrozen = true
    const stale = ['/ip4/127.0.0.1/tcp/9/tls', `/ip4/127.0.0.1/tcp/${mute.port}/tls`, 'nonsense']
    const a = await open({ known: new Map([[b.self, [...stale, addressOf(b)]]]) })
    const startMs = performance.now()
    a.admit(new Set([b.self]))
    b.admit(new Set([a.self]))
    await hearPresence(a, b.self, true)
    assert.ok(performance.now() - startMs < 3_000)
  })

  it('are told once a typed address has answered and its device is a member', async () => {
    const told: (readonly [DeviceId, readonly string[]])[] = []
    const b = await open()
    const a = await open({ onAddresses: (device, addresses) => told.push([device, addresses]) })
    assert.equal(await a.dial(`127.0.0.1:${b.port}`, { signal }), b.self)
    assert.deepEqual(told, [])
    a.admit(new Set([b.self]))
    assert.deepEqual(told, [[b.self, [addressOf(b)]]])
  })

  it('lead to the device itself, not to whoever is there now', async () => {
    const [b, other] = [await open(), await open()]
    const a = await open({ known: new Map([[b.self, [addressOf(other)]]]) })
    a.admit(new Set([b.self]))
    await assert.rejects(a.open(b.self, META, { signal }), peerError('offline'))
  })

  it('are dialled again and again until the other side is back', async () => {
    const seed = randomBytes(32)
    const first = await openLocal({ seed })
    const a = await open({ known: new Map([[first.self, [addressOf(first)]]]) })
    a.admit(new Set([first.self]))
    await hearPresence(a, first.self, true)
    await first[Symbol.asyncDispose]()
    await hearPresence(a, first.self, false)
    await refuseDials(first.port, 3)
    await open({ seed, listen: { host: '127.0.0.1', port: first.port, isExplicit: true } })
    await hearPresence(a, first.self, true)
  })
})

/** Hangs up on so many connections to a port. */
async function refuseDials(port: number, count: number): Promise<void> {
  const enough = Promise.withResolvers<number>()
  let dials = 0
  const server = createServer((socket) => {
    socket.destroy()
    dials += 1
    if (dials >= count) enough.resolve(dials)
  })
  await new Promise<undefined>((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)))
  await enough.promise
  await new Promise((resolve) => server.close(resolve))
}

describe('a device that comes back elsewhere', () => {
  it('is found at its new address', async () => {
    const discovery = { interfaces: new Set(['lo']), udpPort: discoveryPort() }
    const seed = randomBytes(32)
    const [a, first] = [await open({ discovery }), await openLocal({ seed, discovery })]
    a.admit(new Set([first.self]))
    await hearPresence(a, first.self, true)
    await first[Symbol.asyncDispose]()
    await hearPresence(a, first.self, false)
    await open({ seed, discovery })
    await hearPresence(a, first.self, true)
  })
})

describe('traffic', () => {
  it('counts what goes over the wire, encryption included, and little more', async () => {
    const b = await open()
    const a = await open({ known: new Map([[b.self, [addressOf(b)]]]) })
    const payloadBytes = 4 * 1024 * 1024
    let arrived = 0
    const allArrived = Promise.withResolvers<number>()
    b.handle(BLOB, async (stream) => {
      for (let frame = await stream.read({ signal }); frame !== undefined; frame = await stream.read({ signal })) {
        arrived += frame.length
      }
      allArrived.resolve(arrived)
    })
    a.admit(new Set([b.self]))
    b.admit(new Set([a.self]))
    const stream = await a.open(b.self, BLOB, { signal })
    const [before, beforeThere] = [a.traffic(), b.traffic()]
    for (let i = 0; i < 4; i++) await stream.write(new Uint8Array(payloadBytes / 4), { signal })
    await stream.close()
    assert.equal(await allArrived.promise, payloadBytes)
    const sentBytes = a.traffic().sentBytes - before.sentBytes
    const receivedBytes = b.traffic().receivedBytes - beforeThere.receivedBytes
    assert.ok(sentBytes >= payloadBytes && sentBytes < payloadBytes * 1.02, `${sentBytes} bytes were sent`)
    assert.ok(receivedBytes >= payloadBytes && receivedBytes < payloadBytes * 1.02)
    await a.drop(b.self)
    assert.ok(a.traffic().sentBytes >= before.sentBytes + sentBytes, 'closed connections stay counted')
  })
})
