/** Pulling a blob of which home has an older content: what goes over the wire, and what any lie or loss on the way comes to. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { scaled } from '../scale.ts'
import type { Holder, Known } from './blob-bench.ts'
import { BlobBench, flipped, knownOf, noise } from './blob-bench.ts'

const KIB = 1024

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** Pulls `next` at a home that has `base`; returns the bytes that the holder sent. */
async function sentFor(base: Known, next: Known): Promise<number> {
  await using bench = new BlobBench(1)
  const anna = bench.holder('anna', [next])
  bench.start()
  bench.giveBase(next, base)
  bench.want(next)
  await bench.untilLanded(next)
  return anna.sentBytes
}

const OLD = noise(12 * CHUNK_BYTES + 777, 5)

describe('a changed file that is pulled', () => {
  it('sends a MiB that is inserted at the front, and copies the rest', async () => {
    const next = knownOf(joined(noise(CHUNK_BYTES, 9), OLD))
    assert.ok((await sentFor(knownOf(OLD), next)) <= CHUNK_BYTES)
  })

  it('sends little more than what is inserted anywhere', async () => {
    const next = knownOf(joined(OLD.subarray(0, 100_001), noise(12_345, 9), OLD.subarray(100_001)))
    const sent = await sentFor(knownOf(OLD), next)
    assert.ok(sent >= 12_345 && sent < 64 * KIB, `${sent} bytes`)
  })

  it('is not cut behind an insert, where the older one goes on as before', async () => {
    const old = noise(60 * CHUNK_BYTES, 6)
    const bytes = joined(old.subarray(0, 3_000_000), noise(70_001, 9), old.subarray(3_000_000))
    bytes.set(noise(9000, 10), 50 * CHUNK_BYTES)
    const next = knownOf(bytes)
    await using bench = new BlobBench(6)
    const anna = bench.holder('anna', [next])
    bench.start()
    bench.giveBase(next, knownOf(old))
    bench.want(next)
    await bench.untilLanded(next)
    assert.ok(anna.sentBytes < 70_001 + 9000 + 200 * KIB, `${anna.sentBytes} bytes`)
    const [first, second] = anna.cuts
    assert.equal(anna.cuts.length, 2)
    assert.ok(first && first.start === 2 * CHUNK_BYTES && first.end === next.sizeBytes)
    assert.ok(second && second.start >= 50 * CHUNK_BYTES, 'what was found is not cut again')
  })

  it('sends little when a MiB is moved from the front to the end, as in a video that is remuxed', async () => {
    const at = CHUNK_BYTES + 4321
    const next = knownOf(joined(OLD.subarray(at), OLD.subarray(0, at)))
    const sent = await sentFor(knownOf(OLD), next)
    assert.ok(sent < 64 * KIB, `${sent} bytes`)
  })

  it('sends pages, not chunks, when pages are written here and there', async () => {
    const bytes = OLD.slice()
    for (let page = 0; page < 40; page++) bytes.set(noise(4 * KIB, 100 + page), ((page * 7919) % 3000) * 4 * KIB)
    const sent = await sentFor(knownOf(OLD), knownOf(bytes))
    assert.ok(sent < 40 * 20 * KIB, `${sent} bytes`)
  })

  it('sends what is appended', async () => {
    const sent = await sentFor(knownOf(OLD), knownOf(joined(OLD, noise(50_000, 3))))
    assert.ok(sent < 60_000, `${sent} bytes`)
  })

  it('copies a file that lost its beginning', async () => {
    const sent = await sentFor(knownOf(OLD), knownOf(OLD.slice(33_333)))
    assert.ok(sent < 32 * KIB, `${sent} bytes`)
  })

  it('comes whole when it has nothing in common with the older one', async () => {
    const next = knownOf(noise(5 * CHUNK_BYTES, 77))
    assert.equal(await sentFor(knownOf(OLD), next), next.sizeBytes)
  })

  it('comes whole from a Holt that knows no fine lists, which still saves the chunks that both have', async () => {
    await using bench = new BlobBench(2)
    const next = knownOf(flipped(OLD, 3 * CHUNK_BYTES + 5))
    const anna = bench.holder('anna', [next], { isOld: true })
    bench.start()
    bench.giveBase(next, knownOf(OLD))
    bench.want(next)
    await bench.untilLanded(next)
    assert.equal(anna.sentBytes, CHUNK_BYTES)
    assert.deepEqual(new Set(anna.asked.map(({ kind }) => kind)), new Set(['chunks', 'get']))
  })

  it('comes right whatever a fine list says, and from a liar no other is asked for', async () => {
    await using bench = new BlobBench(3)
    const next = knownOf(joined(noise(100, 8), OLD))
    const other = knownOf(joined(noise(200, 8), OLD))
    // It cuts what home has, and serves something else: every piece matches, and no chunk does.
    const anna = bench.holder('anna', [next, other], {
      fineBytesOf: ({ bytes }) => joined(OLD, bytes).subarray(0, bytes.length),
    })
    bench.start()
    for (const each of [next, other]) bench.giveBase(each, knownOf(OLD))
    bench.want(next)
    await bench.untilLanded(next)
    assert.ok(anna.sentBytes >= next.sizeBytes - CHUNK_BYTES)
    anna.manners.fineBytesOf = ({ bytes }) => bytes
    bench.want(other)
    await bench.untilLanded(other)
    assert.ok(!anna.asked.some(({ kind }) => kind === 'ranges'))
    assert.equal(bench.isBanned(anna.device.id), false)
  })

  it('comes right when what fills its gaps is a lie, which is then asked for whole', async () => {
    await using bench = new BlobBench(7)
    const next = knownOf(joined(OLD.subarray(0, 100_001), noise(12_345, 9), OLD.subarray(100_001)))
    const anna = bench.holder('anna', [next], { gapsOf: ({ bytes }) => flipped(bytes, 110_000) })
    bench.start()
    bench.giveBase(next, knownOf(OLD))
    bench.want(next)
    await bench.untilLanded(next)
    assert.ok(anna.asked.some(({ kind }) => kind === 'ranges'))
    assert.ok(anna.asked.some((each) => each.kind === 'get' && each.firstChunk === 0))
  })

  it('comes right when the older one is edited while it is used', async () => {
    await using bench = new BlobBench(4)
    const next = knownOf(joined(noise(100, 8), OLD))
    bench.holder('anna', [next])
    bench.start()
    let isEdited = false
    bench.giveBase(next, knownOf(OLD), (edit) => {
      isEdited = true
      edit()
    })
    bench.want(next)
    await bench.untilLanded(next)
    assert.ok(isEdited)
  })

  for (const power of [false, true]) {
    const [how, title] = power
      ? ['the power was cut', 'comes right from the older content after the power was cut in the middle']
      : ['home was killed', 'goes on with a part that was there when home was killed, and with the older content']
    it(title, async () => {
      const anna = await pulledTwice(power)
      assert.ok(power || anna.sentBytes < 7 * CHUNK_BYTES, `${how}: ${anna.sentBytes} bytes`)
    })
  }

  async function pulledTwice(power: boolean): Promise<Holder> {
    await using bench = new BlobBench(5)
    const next = knownOf(joined(OLD.subarray(0, 5_000_001), noise(3 * CHUNK_BYTES, 9), OLD.subarray(5_000_001)))
    const anna = bench.holder('anna', [next])
    bench.start()
    bench.giveBase(next, knownOf(OLD))
    bench.want(next)
    await bench.until(() => anna.sentBytes > CHUNK_BYTES, 'some of it has come')
    bench.home.disk.volume.syncFile(bench.home.disk.volume.get(`/photos/${knownOf(OLD).hash}`))
    bench.home.kill({ power })
    bench.start()
    if (power) bench.giveBase(next, knownOf(OLD))
    bench.want(next)
    await bench.untilLanded(next)
    return anna
  }

  it('comes right from any older content, with any cuts, moves and lies', async () => {
    const anEdit = fc.record({
      at: fc.nat(OLD.length),
      length: fc.nat(3 * CHUNK_BYTES),
      kind: fc.constantFrom('insert', 'delete', 'write', 'move'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(anEdit, { maxLength: 4 }), fc.boolean(), fc.nat(1000), async (edits, isLying, seed) => {
        let bytes = OLD
        for (const { at, length, kind } of edits) {
          const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
          if (kind === 'insert') bytes = joined(head, noise(length, seed + at), tail)
          if (kind === 'delete') bytes = joined(head, tail.subarray(length))
          if (kind === 'write') bytes = joined(head, noise(length, seed + at), tail.subarray(length))
          if (kind === 'move') bytes = joined(tail, head)
        }
        if (bytes.length <= CHUNK_BYTES) return
        const next = knownOf(bytes)
        await using bench = new BlobBench(seed)
        const manners = isLying ? { fineBytesOf: (known: Known) => flipped(known.bytes, seed * 1000) } : {}
        const anna = bench.holder('anna', [next], manners)
        bench.start()
        bench.giveBase(next, knownOf(OLD))
        bench.want(next)
        await bench.untilLanded(next)
        assert.equal(bench.isBanned(anna.device.id), false)
      }),
      { numRuns: scaled({ small: 12, full: 60 }) },
    )
  })
})
