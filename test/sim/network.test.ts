/** What the simulated network does beyond the port: cuts, sleeps, deaths, resets and liars. */

import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import type { PeerStream, PeerTransport } from '../../daemon/ports.ts'
import { META } from '../../protocol/protocols.ts'
import type { NetworkOptions } from './network.ts'
import type { SimDevice, World } from './world.ts'
import { createWorld } from './world.ts'

const { signal } = new AbortController()

/** Two members; what each sees is noted as text with its virtual second. */
class Pair {
  readonly world: World
  readonly anna: SimDevice
  readonly ben: SimDevice
  readonly seen: string[] = []
  readonly transports = new Map<SimDevice, PeerTransport>()

  constructor(network: NetworkOptions = {}) {
    this.world = createWorld(5, { network })
    this.anna = this.world.device('anna')
    this.ben = this.world.device('ben')
    this.start(this.anna)
    this.start(this.ben)
  }

  start(device: SimDevice): void {
    device.start(({ transport, clock }) => {
      this.transports.set(device, transport)
      const note = (what: string): void => void this.seen.push(`${device.name} ${what}`)
      transport.admit(new Set([this.anna.id, this.ben.id]))
      transport.handle(META, async (stream) => {
        try {
          for (let frame = await stream.read({ signal }); frame !== undefined; frame = await stream.read({ signal })) {
            note(`got ${new TextDecoder().decode(frame)}`)
          }
        } catch (cause) {
          note(`lost the stream: ${cause instanceof Error && 'code' in cause ? String(cause.code) : ''}`)
          throw cause
        }
      })
      const follow = async (): Promise<void> => {
        for await (const { online } of transport.presence({ signal })) {
          note(online ? 'online' : `offline at ${Math.round(clock.monotonicMs() / 1000)}`)
        }
      }
      void follow()
    })
  }

  /** A stream from anna to ben, once they are connected. */
  async open(): Promise<PeerStream> {
    assert.ok(await this.world.runUntil(() => this.seen.length >= 2, { withinMs: 10_000 }), 'they connect')
    this.seen.length = 0
    const transport = this.transports.get(this.anna)
    assert.ok(transport)
    return this.world.scheduler.complete(transport.open(this.ben.id, META, { signal }))
  }

  async write(stream: PeerStream, ...texts: string[]): Promise<void> {
    for (const text of texts) {
      await this.world.scheduler.complete(stream.write(new TextEncoder().encode(text), { signal }))
    }
  }
}

describe('the simulated network', () => {
  let pair: Pair
  beforeEach(() => {
    pair = new Pair()
  })

  it('holds frames while a link is cut for a moment, and brings them in order when it heals', async () => {
    const stream = await pair.open()
    await pair.write(stream, '1')
    pair.world.network.cut(pair.anna.id, pair.ben.id)
    await pair.write(stream, '2', '3')
    await pair.world.runFor(2_000)
    assert.equal(pair.seen.length, 0)
    pair.world.network.heal(pair.anna.id, pair.ben.id)
    await pair.write(stream, '4')
    await pair.world.runFor(1_000)
    assert.deepEqual(pair.seen, ['ben got 1', 'ben got 2', 'ben got 3', 'ben got 4'])
  })

  it('lets both sides notice a long cut by the silence, and connects them again when it heals', async () => {
    const stream = await pair.open()
    pair.world.network.cut(pair.anna.id, pair.ben.id)
    await pair.world.runFor(5_000)
    assert.equal(pair.seen.length, 0)
    await pair.world.runFor(15_000)
    assert.ok(pair.seen.includes('ben lost the stream: gone'))
    assert.equal(pair.seen.filter((line) => line.includes('offline')).length, 2)
    await assert.rejects(pair.world.scheduler.complete(stream.read({ signal })), { code: 'gone' })
    pair.seen.length = 0
    pair.world.network.heal(pair.anna.id, pair.ben.id)
    await pair.world.runFor(5_000)
    assert.deepEqual(pair.seen.toSorted(), ['anna online', 'ben online'])
  })

  it('loses no frame of a stream that lives through a flapping link, and connects when it is over', async () => {
    const stream = await pair.open()
    const texts = Array.from({ length: 20 }, (_, i) => String(i))
    pair.world.network.flap(pair.anna.id, pair.ben.id, 20_000)
    for (const text of texts) {
      await pair.write(stream, text)
      await pair.world.runFor(1_000)
    }
    await pair.world.runFor(30_000)
    assert.ok(!pair.world.network.link(pair.anna.id, pair.ben.id).isCut)
    assert.deepEqual(
      pair.seen,
      texts.map((text) => `ben got ${text}`),
    )
  })

  it('tells of a killed process at once, and of a power cut only by the silence', async () => {
    for (const power of [false, true]) {
      pair = new Pair()
      await pair.open()
      pair.anna.kill({ power })
      await pair.world.runFor(3_000)
      assert.equal(pair.seen.includes('ben lost the stream: gone'), !power)
      await pair.world.runFor(20_000)
      assert.ok(pair.seen.includes('ben lost the stream: gone'))
      assert.ok(!pair.seen.some((line) => line.startsWith('anna')), 'nothing of a dead device runs')
    }
  })

  it('connects a device again that restarts before anybody has noticed that it died', async () => {
    await pair.open()
    pair.anna.kill({ power: true })
    pair.start(pair.anna)
    await pair.world.runFor(3_000)
    const ofBen = pair.seen.filter((line) => line.startsWith('ben')).map((line) => line.split(' at ')[0])
    assert.deepEqual(ofBen, ['ben lost the stream: gone', 'ben offline', 'ben online'])
  })

  it('loses a device that sleeps, and brings it back soon after it wakes', async () => {
    await pair.open()
    pair.ben.suspend()
    await pair.world.runFor(3_600_000)
    assert.ok(pair.seen.some((line) => line.startsWith('anna offline')))
    assert.ok(!pair.seen.some((line) => line.startsWith('ben')))
    pair.seen.length = 0
    pair.ben.resume()
    await pair.world.runFor(3_000)
    assert.ok(pair.seen.includes('ben lost the stream: gone'))
    assert.ok(pair.seen.includes('anna online') && pair.seen.includes('ben online'))
  })

  it('brings of a stream that resets break only whole frames, from the first on', async () => {
    pair = new Pair({ resetChance: 0.05 })
    const stream = await pair.open()
    const texts = Array.from({ length: 100 }, (_, i) => String(i))
    await assert.rejects(
      pair.write(stream, ...texts).then(() => pair.world.scheduler.complete(stream.read({ signal }))),
      {
        code: 'gone',
      },
    )
    const got = pair.seen.filter((line) => line.includes('got'))
    assert.deepEqual(
      got,
      texts.slice(0, got.length).map((text) => `ben got ${text}`),
    )
  })

  it('lets one device lie, and counts the bytes of each direction', async () => {
    const stream = await pair.open()
    const before = pair.world.network.bytesBetween(pair.anna.id, pair.ben.id)
    pair.world.network.corrupt = (from, frame) => (from === pair.anna.id ? frame.map((byte) => byte + 1) : frame)
    await pair.write(stream, 'HAL')
    await pair.world.runFor(1_000)
    assert.deepEqual(pair.seen, ['ben got IBM'])
    const sent = pair.world.network.bytesBetween(pair.anna.id, pair.ben.id) - before
    assert.ok(sent >= 3 && sent < 64, `${sent} bytes`)
    assert.ok(pair.world.network.bytesBetween(pair.ben.id, pair.anna.id) < 64)
  })
})
