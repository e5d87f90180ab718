/** Serving fine lists: a few at a time, only of what may be read, and nobody keeps others waiting. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fineListBytes } from '../../protocol/fine-cut.ts'
import type { FineAsk } from '../../protocol/fine-cut.ts'
import type { FineReply } from '../../protocol/fine-messages.ts'
import { encodeFineAsk, parseFineReply } from '../../protocol/fine-messages.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { FINE } from '../../protocol/protocols.ts'
import type { PeerStream } from '../../daemon/ports.ts'
import type { Known, Manners } from './blob-bench.ts'
import { BlobBench } from './blob-bench.ts'

const { signal } = new AbortController()

/** What a device that asks is told: the last reply, and the bytes of all pieces. */
async function told(bench: BlobBench, stream: PeerStream, ask: FineAsk | Uint8Array | null): Promise<[string, number]> {
  let bytes = 0
  let last: FineReply | undefined
  const talk = async (): Promise<void> => {
    if (ask !== null) await stream.write(ask instanceof Uint8Array ? ask : encodeFineAsk(ask), { signal })
    for (;;) {
      const frame = await stream.read({ signal })
      if (frame === undefined) break
      last = parseFineReply(frame)
      if (last.kind !== 'fines') break
      bytes += fineListBytes(last.list)
    }
  }
  await bench.world.scheduler.complete(talk().catch(() => undefined))
  return [last?.kind === 'refused' ? last.code : (last?.kind ?? 'gone'), bytes]
}

async function withHolder(
  manners: Manners,
  body: (bench: BlobBench, known: Known, open: () => Promise<PeerStream>) => Promise<void>,
): Promise<void> {
  await using bench = new BlobBench(3)
  const known = bench.blob(3 * CHUNK_BYTES + 5)
  const anna = bench.holder('anna', [known], manners)
  bench.start()
  await body(bench, known, () => bench.connect(anna.device.id, FINE))
}

const whole = ({ hash, sizeBytes }: Known): FineAsk => ({
  hash,
  averageBits: 12,
  regions: [{ start: 0, end: sizeBytes }],
})

describe('a device that is asked how a blob is cut', () => {
  it('tells it of all regions, one ask after another', () =>
    withHolder({}, async (bench, known, open) => {
      const stream = await open()
      assert.deepEqual(await told(bench, stream, whole(known)), ['end', known.sizeBytes])
      const regions = [
        { start: 0, end: 10 },
        { start: CHUNK_BYTES, end: 2 * CHUNK_BYTES },
      ]
      assert.deepEqual(await told(bench, stream, { ...whole(known), regions }), ['end', CHUNK_BYTES + 10])
    }))

  it('refuses what may not be read, is not held, or is longer than the blob', async () => {
    await withHolder({ mayRead: () => false }, async (bench, known, open) => {
      assert.deepEqual(await told(bench, await open(), whole(known)), ['denied', 0])
    })
    await withHolder({}, async (bench, known, open) => {
      const stream = await open()
      assert.deepEqual(await told(bench, stream, { ...whole(known), hash: bench.blob(7).hash }), ['missing', 0])
      const regions = [{ start: 0, end: known.sizeBytes + 1 }]
      assert.deepEqual(await told(bench, stream, { ...whole(known), regions }), ['missing', 0])
    })
  })

  it('says that the file was changed meanwhile', () =>
    withHolder({ fault: 'changed' }, async (bench, known, open) => {
      assert.deepEqual(await told(bench, await open(), whole(known)), ['changed', 0])
    }))

  it('makes one list for a device at a time, and says busy to whoever asks for more', () =>
    withHolder({ cutDelayMs: 5000 }, async (bench, known, open) => {
      const [greedy, second] = [await open(), await open()]
      await bench.world.scheduler.complete(greedy.write(encodeFineAsk(whole(known)), { signal }))
      assert.deepEqual(await told(bench, second, whole(known)), ['busy', 0])
      assert.deepEqual(await told(bench, greedy, null), ['end', known.sizeBytes])
      assert.deepEqual(await told(bench, second, whole(known)), ['end', known.sizeBytes])
    }))

  it('cuts once for all who ask for the same', () =>
    withHolder({}, async (bench, known, open) => {
      for (let asks = 0; asks < 3; asks++) {
        assert.deepEqual(await told(bench, await open(), whole(known)), ['end', known.sizeBytes])
      }
      const cuts = (): number => bench.holders.reduce((sum, each) => sum + each.cuts.length, 0)
      assert.equal(cuts(), 1)
      assert.deepEqual(await told(bench, await open(), { ...whole(known), averageBits: 14 }), ['end', known.sizeBytes])
      assert.equal(cuts(), 2)
    }))

  it('has time for another while one asks for more and more', async () => {
    await using bench = new BlobBench(4)
    const known = bench.blob(3 * CHUNK_BYTES + 5)
    const ben = bench.world.device('ben')
    const anna = bench.holder('anna', [known], { cutDelayMs: 500 })
    bench.start()
    const transport = ben.start((ports) => {
      ports.transport.admit(new Set(bench.world.devices().map(({ id }) => id)))
      return ports.transport
    })
    for (let asks = 0; asks < 3; asks++) {
      const greedy = await bench.connect(anna.device.id, FINE)
      await bench.world.scheduler.complete(greedy.write(encodeFineAsk(whole(known)), { signal }))
    }
    const stream = await bench.connect(anna.device.id, FINE, transport)
    assert.deepEqual(await told(bench, stream, whole(known)), ['end', known.sizeBytes])
  })

  it('cuts off who sends what is no ask', () =>
    withHolder({}, async (bench, _, open) => {
      assert.deepEqual(await told(bench, await open(), new Uint8Array([1, 2, 3])), ['gone', 0])
    }))
})
