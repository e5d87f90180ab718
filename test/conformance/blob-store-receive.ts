/** The part of the suite of `BlobStore` about blobs that come by chunks. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toChunkList } from '../../protocol/chunks.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { crypto, hashOf, sampleBlob, signal } from './blob-store-bench.ts'
import type { SampleBlob, StoreBench } from './blob-store-bench.ts'

/** Four chunks, the last a short one. */
const SIZE_BYTES = 3 * CHUNK_BYTES + 5

export function describeReceiving(bench: () => StoreBench): void {
  const commit = async (blob: SampleBlob, order: readonly number[]): Promise<void> => {
    await using incoming = await bench().receive(blob)
    for (const chunkNo of order) assert.equal(await incoming.write(chunkNo, blob.chunk(chunkNo)), 'written')
    assert.deepEqual(incoming.missing(), [])
    const stored = await incoming.commit()
    assert.ok(stored !== 'wrong')
    assert.deepEqual(await bench().store.stat(blob.ref.hash), stored)
    assert.ok((await bench().read(blob.ref.hash)).equals(blob.bytes))
  }

  describe('a blob that is received', () => {
    it('is whole when all chunks have come, in any order', async () => {
      for (const order of [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [1, 0, 3, 2],
        [2, 3, 0, 1],
      ]) {
        const blob = sampleBlob(SIZE_BYTES)
        await commit(blob, order)
        await bench().store.delete(blob.ref.hash)
      }
    })

    it('takes chunks at the same time', async () => {
      const blob = sampleBlob(SIZE_BYTES)
      await using incoming = await bench().receive(blob)
      const written = [3, 1, 0, 2, 1].map((chunkNo) => incoming.write(chunkNo, blob.chunk(chunkNo)))
      assert.deepEqual(new Set(await Promise.all(written)), new Set(['written']))
      assert.notEqual(await incoming.commit(), 'wrong')
      assert.ok((await bench().read(blob.ref.hash)).equals(blob.bytes))
    })

    it('may be one chunk or none, without a chunk list', async () => {
      await commit(sampleBlob(7), [0])
      await commit(sampleBlob(CHUNK_BYTES), [0])
      await commit(sampleBlob(0), [])
    })

    it('is no whole blob before it is committed', async () => {
      const blob = sampleBlob(7)
      await using incoming = await bench().receive(blob)
      await incoming.write(0, blob.chunk(0))
      assert.equal(await bench().store.stat(blob.ref.hash), undefined)
      assert.deepEqual(await bench().listed(), [`${blob.ref.hash} 7 part`])
    })

    it('refuses wrong bytes, wrong sizes and wrong numbers, and writes nothing', async () => {
      const blob = sampleBlob(SIZE_BYTES)
      await using incoming = await bench().receive(blob)
      const flipped = blob.chunk(1).slice()
      flipped[9] = 77
      assert.equal(await incoming.write(1, flipped), 'wrong')
      assert.equal(await incoming.write(1, blob.chunk(2)), 'wrong')
      assert.equal(await incoming.write(3, blob.bytes.subarray(0, CHUNK_BYTES)), 'wrong')
      assert.equal(await incoming.write(0, blob.chunk(0).subarray(1)), 'wrong')
      assert.equal(await incoming.write(4, new Uint8Array(0)), 'wrong')
      assert.deepEqual(incoming.missing(), [0, 1, 2, 3])
    })

    it('is resumed with what has arrived', async () => {
      const blob = sampleBlob(SIZE_BYTES)
      {
        await using incoming = await bench().receive(blob)
        for (const chunkNo of [0, 2]) await incoming.write(chunkNo, blob.chunk(chunkNo))
      }
      const store = await bench().opened.reopen()
      await using incoming = await bench().receive(blob, store)
      assert.deepEqual(incoming.missing(), [1, 3])
      for (const chunkNo of [3, 1]) await incoming.write(chunkNo, blob.chunk(chunkNo))
      assert.notEqual(await incoming.commit(), 'wrong')
      assert.ok(await store.stat(blob.ref.hash))
    })

    it('misses a chunk that was damaged since', async () => {
      const blob = sampleBlob(SIZE_BYTES)
      {
        await using incoming = await bench().receive(blob)
        for (const chunkNo of [0, 1, 2]) await incoming.write(chunkNo, blob.chunk(chunkNo))
      }
      bench().opened.damagePart(blob.ref.hash, CHUNK_BYTES + 100)
      await using incoming = await bench().receive(blob)
      assert.deepEqual(incoming.missing(), [1, 3])
      for (const chunkNo of [1, 3]) await incoming.write(chunkNo, blob.chunk(chunkNo))
      assert.notEqual(await incoming.commit(), 'wrong')
      assert.ok((await bench().read(blob.ref.hash)).equals(blob.bytes))
    })

    it('is wrong when the chunk list was a lie, and its part is gone', async () => {
      const truth = sampleBlob(SIZE_BYTES)
      const lie = { ...truth, ref: { ...truth.ref, hash: hashOf(truth.chunk(0)) } }
      for (const order of [
        [0, 1, 2, 3],
        [3, 0, 2, 1],
      ]) {
        await using incoming = await bench().receive(lie)
        for (const chunkNo of order) await incoming.write(chunkNo, truth.chunk(chunkNo))
        assert.equal(await incoming.commit(), 'wrong')
        assert.deepEqual(await bench().listed(), [])
      }
    })

    it('keeps nothing of another list that does not fit', async () => {
      const [blob, other] = [sampleBlob(SIZE_BYTES), sampleBlob(2 * CHUNK_BYTES)]
      {
        await using incoming = await bench().receive(blob)
        await incoming.write(1, blob.chunk(1))
      }
      const list = toChunkList(crypto.blake3(other.bytes).slice(), crypto)
      const hashes = new Uint8Array(4 * list.hashes.length)
      const ref = { ...blob.ref, chunks: toChunkList(hashes, crypto).digest }
      await using incoming = await bench().store.receive(ref, toChunkList(hashes, crypto), { signal })
      assert.deepEqual(incoming.missing(), [0, 1, 2, 3])
    })

    it('is deleted with its part', async () => {
      const blob = sampleBlob(SIZE_BYTES)
      {
        await using incoming = await bench().receive(blob)
        await incoming.write(0, blob.chunk(0))
      }
      await bench().store.delete(blob.ref.hash)
      assert.deepEqual(await bench().listed(), [])
    })
  })
}
