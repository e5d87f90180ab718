/** The world as a whole: programs on simulated devices, from one seed. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDeviceId, parseFolderId } from '../../protocol/ids.ts'
import { META } from '../../protocol/protocols.ts'
import type { SimDevice, SimPorts, World } from './world.ts'
import { createWorld } from './world.ts'

const FOLDER = parseFolderId('00112233445566778899aabbccddeeff')
const ROOT = '/photos'
const { signal } = new AbortController()

/** Sends every file of its folder to the other device whenever it may have changed, and notes what it gets in its state. */
async function gossip({ transport, openTree, state }: SimPorts, other: SimDevice): Promise<void> {
  transport.admit(new Set([transport.self, other.id]))
  transport.handle(META, async (stream) => {
    for (let frame = await stream.read({ signal }); frame !== undefined; frame = await stream.read({ signal })) {
      await state.write('heard', frame)
    }
  })
  const tree = openTree(ROOT, FOLDER)
  for await (const { online } of transport.presence({ signal })) {
    if (!online) continue
    const stream = await transport.open(other.id, META, { signal })
    for await (const { entries } of tree.scan([''], { signal })) {
      for (const { path } of entries) await stream.write(new TextEncoder().encode(String(path)), { signal })
    }
  }
}

function twoDevices(seed: number): { world: World; anna: SimDevice; ben: SimDevice } {
  const world = createWorld(seed)
  const [anna, ben] = [world.device('anna'), world.device('ben')]
  for (const device of [anna, ben]) device.addRoot(ROOT, FOLDER)
  const start = (device: SimDevice, other: SimDevice): void => {
    device.start((ports) => void gossip(ports, other).catch(() => undefined))
  }
  anna.hands.write(`${ROOT}/from-anna`, 'a')
  ben.hands.write(`${ROOT}/from-ben`, 'b')
  start(anna, ben)
  start(ben, anna)
  for (let ms = 500; ms < 20_000; ms += 500) {
    world.after(ms, () => {
      world.random.pick([anna, ben]).hands.write(`${ROOT}/f${world.random.below(9)}`, String(ms))
    })
    if (ms % 4_000 === 0) {
      world.after(ms, () => {
        world.network.reset(anna.id, ben.id)
      })
    }
  }
  world.after(9_000, () => {
    ben.kill({ power: true })
    start(ben, anna)
  })
  return { world, anna, ben }
}

describe('a simulated world', () => {
  it('takes the same way for the same seed, and another for another', async () => {
    const digests: string[] = []
    for (const seed of [1, 1, 2]) {
      const { world } = twoDevices(seed)
      await world.runFor(30_000)
      digests.push(world.trace.digest())
    }
    assert.equal(digests[0], digests[1])
    assert.notEqual(digests[0], digests[2])
  })

  it('carries what programs say, over restarts and broken connections', async () => {
    const { world, anna, ben } = twoDevices(3)
    await world.runFor(60_000)
    assert.notEqual(anna.hands.walk('/holt-state').length, 0)
    assert.notEqual(ben.hands.walk('/holt-state').length, 0)
    assert.ok(world.network.bytesBetween(anna.id, ben.id) > 0)
  })

  it('signs fast when it is told to, and tells signatures, keys and messages apart all the same', () => {
    const world = createWorld(1, { signatures: 'fast' })
    const [anna, ben] = [world.device('anna'), world.device('ben')]
    const { crypto } = anna.start((ports) => ports)
    const message = Uint8Array.of(1, 2, 3)
    const signature = anna.signer.sign(message)
    assert.equal(signature.length, 64)
    assert.ok(crypto.verify(anna.signer.publicKey, message, signature))
    assert.ok(!crypto.verify(ben.signer.publicKey, message, signature))
    assert.ok(!crypto.verify(anna.signer.publicKey, Uint8Array.of(1, 2), signature))
    assert.equal(parseDeviceId(anna.id), anna.id)
  })

  it('ends early when nothing can happen any more', async () => {
    const world = createWorld(1)
    world.device('anna').start(() => undefined)
    assert.equal(await world.runUntil(() => false, { withinMs: 1_000 }), false)
  })

  it('runs twenty thousand turns in well under two seconds', async () => {
    const world = createWorld(1)
    const device = world.device('anna')
    device.addRoot(ROOT, FOLDER)
    const reading = async ({ state }: SimPorts): Promise<void> => {
      for (;;) await state.read('x')
    }
    device.start((ports) => void reading(ports))
    const startMs = performance.now()
    await world.scheduler.run({ until: () => world.scheduler.turns() > 20_000 })
    assert.ok(performance.now() - startMs < 2_000)
  })
})
