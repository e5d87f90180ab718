/** The part of the suite of `FileTree` about an older content that a newer one is put together from, with the store of the same root. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Assembly, FileSource } from '../../daemon/fine-port.ts'
import type { Fingerprint, IncomingBlob } from '../../daemon/ports.ts'
import { cutBytes } from '../../protocol/fine-cut.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { blobOf } from './blob-store-bench.ts'
import type { SampleBlob } from './blob-store-bench.ts'
import { bytesOf, collect, crypto, hasCode, path, signal } from './file-tree-bench.ts'
import type { TreeBench } from './file-tree-bench.ts'

/** Text that repeats nowhere: each byte is one character. */
function prose(length: number, seed: number): string {
  let state = seed
  const words = Array.from({ length: Math.ceil(length / 7) }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state.toString(36).padStart(7, '0')
  })
  return words.join('').slice(0, length)
}

const OLD = prose(3 * CHUNK_BYTES + 500, 1)

export function describeDelta(bench: () => TreeBench): void {
  const cut = async (
    averageBits: number,
    range: { start: number; end: number },
    expect: Fingerprint,
  ): Promise<Buffer> =>
    Buffer.concat(await collect(bench().tree.cut(path('old'), { range, averageBits, expect, signal })))

  describe('cutting a file', () => {
    it('gives the pieces that its bytes in memory have, whatever is read at a time', async () => {
      const text = prose(17 * CHUNK_BYTES + 123, 2)
      bench().hands.write('old', text)
      const expect = await bench().look('old')
      for (const [averageBits, start, end] of [
        [12, 0, text.length],
        [16, 4321, text.length - 77],
        [14, CHUNK_BYTES, CHUNK_BYTES + 10],
      ] as const) {
        const list = cutBytes(bytesOf(text.slice(start, end)), averageBits, crypto)
        assert.ok(Buffer.from(list).equals(await cut(averageBits, { start, end }, expect)), `${averageBits}`)
      }
    })

    it('ends where the file is edited, also in the middle', async () => {
      bench().hands.write('old', prose(40 * CHUNK_BYTES, 3), { mtimeMs: 5000 })
      const [expect, range] = [await bench().look('old'), { start: 0, end: 40 * CHUNK_BYTES }]
      const cutting = bench().tree.cut(path('old'), { range, averageBits: 16, expect, signal })[Symbol.asyncIterator]()
      assert.notEqual((await cutting.next()).done, true)
      bench().hands.write('old', 'edited', { mtimeMs: 6000 })
      const toEnd = async (): Promise<void> => {
        while ((await cutting.next()).done !== true) continue
      }
      await assert.rejects(toEnd(), hasCode('changed'))
      await assert.rejects(cut(16, range, expect), hasCode('changed'))
    })
  })

  /** How a chunk is put together where all of it stands in the old file. */
  const copied = (blob: SampleBlob, chunkNo: number, from: number): Assembly => ({
    chunkNo,
    copies: [{ at: 0, from, bytes: blob.chunk(chunkNo).length }],
    patches: [],
  })
  const source = async (): Promise<FileSource> => {
    bench().hands.write('old', OLD, { mtimeMs: 5000 })
    return bench().tree.source(path('old'), await bench().look('old'))
  }
  const received = ({ ref, list }: SampleBlob): Promise<IncomingBlob> => bench().store.receive(ref, list, { signal })

  describe('a blob that is put together from a file', () => {
    it('is whole when all its chunks are copied, patched or written', async () => {
      const from = await source()
      const blob = blobOf(bytesOf(`new${OLD.slice(0, 100)}and${OLD.slice(100)}`))
      const first: Assembly = {
        chunkNo: 0,
        copies: [
          { at: 3, from: 0, bytes: 100 },
          { at: 106, from: 100, bytes: CHUNK_BYTES - 106 },
        ],
        patches: [
          { at: 0, bytes: bytesOf('new') },
          { at: 103, bytes: bytesOf('and') },
        ],
      }
      await using incoming = await received(blob)
      const [one, three] = [copied(blob, 1, CHUNK_BYTES - 6), copied(blob, 3, 3 * CHUNK_BYTES - 6)]
      assert.deepEqual(await incoming.assemble(from, [three, first, one], { signal }), [
        'written',
        'written',
        'written',
      ])
      assert.deepEqual(incoming.missing(), [2])
      assert.equal(await incoming.write(2, blob.chunk(2)), 'written')
      const stored = await incoming.commit()
      assert.notEqual(stored, 'wrong')
      const pieces = await collect(bench().store.read(blob.ref.hash, { signal }))
      assert.ok(Buffer.concat(pieces).equals(blob.bytes))
    })

    it('takes nothing that is not the chunk, and nothing of a file that was edited', async () => {
      const from = await source()
      const blob = blobOf(bytesOf(`x${OLD}`))
      await using incoming = await received(blob)
      const [right, wrong] = [copied(blob, 1, CHUNK_BYTES - 1), copied(blob, 2, 2 * CHUNK_BYTES)]
      assert.deepEqual(await incoming.assemble(from, [wrong, right], { signal }), ['wrong', 'written'])
      bench().hands.write('old', OLD, { mtimeMs: 9000 })
      const again = copied(blob, 2, 2 * CHUNK_BYTES - 1)
      assert.deepEqual(await incoming.assemble(from, [again], { signal }), ['changed'])
      bench().hands.remove('old')
      assert.deepEqual(await incoming.assemble(from, [again], { signal }), ['changed'])
      assert.deepEqual(incoming.missing(), [0, 2, 3])
    })

    it('is resumed with what was put together', async () => {
      const from = await source()
      const blob = blobOf(bytesOf(OLD))
      {
        await using incoming = await received(blob)
        const chunks = [3, 1].map((chunkNo) => copied(blob, chunkNo, chunkNo * CHUNK_BYTES))
        assert.deepEqual(await incoming.assemble(from, chunks, { signal }), ['written', 'written'])
      }
      await using incoming = await received(blob)
      assert.deepEqual(incoming.missing(), [0, 2])
    })
  })
}
