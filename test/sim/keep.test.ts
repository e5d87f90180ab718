/** What state files and blob stores keep when the device dies at any of their system calls. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { BlobRef } from '../../protocol/chunks.ts'
import { blobHashOf, parseFolderId } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { scaled } from '../scale.ts'
import { crashAtCall } from './disk.ts'
import { chunksOf } from './tree-scan.ts'
import type { SimDevice, SimPorts, World } from './world.ts'
import { createWorld } from './world.ts'

const FOLDER = parseFolderId('00112233445566778899aabbccddeeff')
const ROOT = '/photos'
const SEEDS = scaled({ small: 5, full: 100 })
const { signal } = new AbortController()
const crypto = createNativeCrypto()
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/**
 * Does `work` on a new device again and again, each time to die at the next of its system calls, and then `check` in another
 * life. `prepare` is never disturbed.
 */
async function dieAtEveryCall(o: {
  seeds?: number
  prepare?: (ports: SimPorts) => Promise<void>
  work: (ports: SimPorts) => Promise<void>
  check: (ports: SimPorts, what: string) => Promise<void>
}): Promise<void> {
  for (let seed = 1; seed <= (o.seeds ?? SEEDS); seed++) {
    for (const power of [false, true]) {
      for (const isDone of [false, true]) {
        let n = 1
        while (await dieAtCall(n, { ...o, seed, power, isDone })) n += 1
        assert.ok(n > 2, `only ${n} calls`)
      }
    }
  }
}

/** Whether the work came to its n-th call. */
async function dieAtCall(
  n: number,
  o: Parameters<typeof dieAtEveryCall>[0] & { seed: number; power: boolean; isDone: boolean },
): Promise<boolean> {
  const world: World = createWorld(o.seed, { signatures: 'fast' })
  const device: SimDevice = world.device('anna')
  device.addRoot(ROOT, FOLDER)
  const work = async (ports: SimPorts): Promise<void> => {
    await o.prepare?.(ports)
    crashAtCall(device.disk, n, o)
    await o.work(ports)
  }
  device.start((ports) => void work(ports))
  await world.scheduler.run()
  const hasDied = device.life === undefined
  if (!hasDied) device.kill({ power: true })
  device.disk.faults = () => undefined
  const what = `seed ${o.seed}, ${o.power ? 'power cut' : 'kill'} ${o.isDone ? 'after' : 'before'} call ${n}`
  await world.scheduler.complete(device.start((ports) => o.check(ports, hasDied ? what : 'finished')))
  return hasDied
}

describe('a state file', () => {
  it('is the old one or the new one whenever the device dies, and the new one once the write has ended', () =>
    dieAtEveryCall({
      prepare: ({ state }) => state.write('settings', bytesOf('old')),
      work: ({ state }) => state.write('settings', bytesOf('a new one')),
      check: async ({ state }, what) => {
        const text = new TextDecoder().decode(await state.read('settings'))
        assert.ok(text === 'a new one' || (text === 'old' && what !== 'finished'), `${what}: ${text}`)
        assert.deepEqual(await state.list(''), ['settings'])
      },
    }))

  it('is there or not whenever the device dies, and gone once the removal has ended', () =>
    dieAtEveryCall({
      work: async ({ state }) => {
        await state.write('settings', bytesOf('old'))
        await state.remove('settings')
      },
      check: async ({ state }, what) => {
        const text = new TextDecoder().decode(await state.read('settings'))
        assert.ok(text === '' || (text === 'old' && what !== 'finished'), `${what}: ${text}`)
      },
    }))
})

describe('a stored blob', () => {
  const content = bytesOf('the bytes of a blob')
  const hash = blobHashOf(crypto.blake3(content))

  it('is whole or absent whenever the device dies', () =>
    dieAtEveryCall({
      work: async ({ openStore }) => {
        await openStore(ROOT).put(hash, content, { signal })
      },
      check: async ({ openStore }, what) => {
        const store = openStore(ROOT)
        const stored = await store.stat(hash)
        const pieces = stored === undefined ? [] : await Array.fromAsync(store.read(hash, { signal }))
        if (stored !== undefined) assert.deepEqual(Buffer.concat(pieces), Buffer.from(content), what)
        const listed = await Array.fromAsync(store.list({ signal }))
        assert.equal(listed.length, stored === undefined ? 0 : 1, `${what}: something else was left`)
      },
    }))

  it('that was on its way goes on with the chunks that are there, and each of those is right', () => {
    const large = new Uint8Array(2 * CHUNK_BYTES + 5).map((_, i) => i % 251)
    const chunks = chunksOf(large, crypto)
    const blob: BlobRef = {
      hash: blobHashOf(crypto.blake3(large)),
      sizeBytes: large.length,
      chunks: chunks?.digest ?? null,
    }
    const receive = async ({ openStore }: SimPorts): Promise<number> => {
      await using incoming = await openStore(ROOT).receive(blob, chunks, { signal })
      const missing = incoming.missing()
      for (const no of missing) {
        const chunk = large.subarray(no * CHUNK_BYTES, (no + 1) * CHUNK_BYTES)
        assert.equal(await incoming.write(no, chunk), 'written')
      }
      assert.notEqual(await incoming.commit(), 'wrong')
      return missing.length
    }
    return dieAtEveryCall({
      seeds: 1,
      work: async (ports) => {
        await receive(ports)
      },
      check: async (ports, what) => {
        const store = ports.openStore(ROOT)
        if ((await store.stat(blob.hash)) === undefined) await receive(ports)
        const pieces = await Array.fromAsync(store.read(blob.hash, { signal }))
        assert.equal(blobHashOf(crypto.blake3(Buffer.concat(pieces))), blob.hash, what)
      },
    })
  })
})
