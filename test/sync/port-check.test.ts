/** Whether two members reach each other's ports, as they tell one another. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openPeerTransport } from '../../daemon/peers/transport.ts'
import type { Libp2pPeerTransport } from '../../daemon/peers/transport.ts'
import type { PeerTransport } from '../../daemon/ports.ts'
import { checkPorts, servePortChecks } from '../../daemon/sync/port-check.ts'
import { createSystemClock } from '../../daemon/system-clock.ts'
import { peerChecks } from '../../daemon/service/peer-checks.ts'
import {
  decodePortAnswer,
  decodePortQuestion,
  encodePortAnswer,
  encodePortQuestion,
} from '../../protocol/port-messages.ts'
import { freePort } from '../free-port.ts'

const o = { signal: AbortSignal.timeout(30_000) }
const clock = createSystemClock()

async function open(): Promise<Libp2pPeerTransport> {
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const log = { event: () => undefined }
  return openPeerTransport({
    seed,
    listen: { host: '127.0.0.1', port: 0, isExplicit: true },
    discovery: false,
    log,
    clock,
  })
}

/** A port at which nobody listens. */

/** The same device, that says it listens somewhere else. */
function saying(transport: PeerTransport, port: number): PeerTransport {
  return new Proxy(transport, {
    get: (target, key) => {
      if (key === 'port') return port
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

describe('the ports of two members', () => {
  let [a, b]: Libp2pPeerTransport[] = []
  before(async () => {
    a = await open()
    b = await open()
    a.admit(new Set([b.self]))
    b.admit(new Set([a.self]))
    await a.dial(`127.0.0.1:${b.port}`, o)
  })
  after(async () => {
    await a?.[Symbol.asyncDispose]()
    await b?.[Symbol.asyncDispose]()
  })

  const doctorOf = async (
    transport: PeerTransport,
  ): Promise<{ outcome: string; detail: string; fix: string | null }> => {
    assert.ok(b)
    const [check] = await peerChecks({ transport, clock }, [{ id: b.self, name: 'ben', isOnline: true }], o)
    return check ?? assert.fail()
  }

  it('are open both ways, which both learn by really connecting', async () => {
    assert.ok(a && b)
    using _served = servePortChecks({ transport: b, clock }, o)
    const found = await checkPorts({ transport: a, clock }, b.self, o)
    assert.deepEqual(found, { port: b.port, isReachedFromHere: true, isReachedFromThere: true })
    assert.equal((await doctorOf(a)).outcome, 'ok')
  })

  it('are told apart where one is closed, with the firewall that has to be opened', async () => {
    assert.ok(a && b)
    const closed = await freePort()
    using _served = servePortChecks({ transport: b, clock }, o)
    const { outcome, detail, fix } = await doctorOf(saying(a, closed))
    assert.equal(outcome, 'warning')
    assert.match(detail, new RegExp(`ben does not reach this device at port ${closed}`))
    assert.equal(fix, `Let TCP port ${closed} through the firewall here.`)
  })

  it('are told apart where the other one is closed', async () => {
    assert.ok(a && b)
    const closed = await freePort()
    using _served = servePortChecks({ transport: saying(b, closed), clock }, o)
    const { outcome, detail, fix } = await doctorOf(a)
    assert.equal(outcome, 'warning')
    assert.match(detail, new RegExp(`This device does not reach ben at port ${closed}`))
    assert.equal(fix, `Let TCP port ${closed} through the firewall on ben.`)
  })

  it('are no failure where the other device does not know the question', async () => {
    assert.ok(a)
    assert.match((await doctorOf(a)).detail, /does not tell/)
  })
})

describe('the messages about ports', () => {
  it('come out as they went in, and anything else is refused', () => {
    assert.equal(decodePortQuestion(encodePortQuestion(65_535)), 65_535)
    const answer = { port: 1, isReached: true }
    assert.deepEqual(decodePortAnswer(encodePortAnswer(answer)), answer)
    for (const bad of [encodePortQuestion(65_536), encodePortAnswer(answer), new Uint8Array(3)]) {
      assert.throws(() => decodePortQuestion(bad), { name: 'ProtocolError' })
    }
    assert.throws(() => decodePortAnswer(encodePortQuestion(1)), { name: 'ProtocolError' })
  })
})
