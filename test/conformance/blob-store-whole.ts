/** The part of the suite of `BlobStore` about blobs that come whole. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { bytesOf, hasCode, hashOf, sampleBlob, signal } from './blob-store-bench.ts'
import type { StoreBench } from './blob-store-bench.ts'

export function describeWhole(bench: () => StoreBench): void {
  const hello = bytesOf('hello')
  const hash = hashOf(hello)

  describe('a whole blob', () => {
    it('is found once it was put, with its size', async () => {
      assert.equal(await bench().store.stat(hash), undefined)
      const stored = await bench().store.put(hash, hello, { signal })
      assert.deepEqual([stored.hash, stored.sizeBytes], [hash, 5])
      assert.deepEqual(await bench().store.stat(hash), stored)
      assert.deepEqual(await bench().listed(), [`${hash} 5 whole`])
      assert.equal((await bench().read(hash)).toString(), 'hello')
    })

    it('comes in pieces as well', async () => {
      const { ref, bytes } = sampleBlob(2 * CHUNK_BYTES + 3)
      await bench().store.put(ref.hash, inPieces(bytes, 100_000), { signal })
      assert.ok((await bench().read(ref.hash)).equals(bytes))
    })

    it('is read by ranges', async () => {
      const { ref, bytes } = sampleBlob(2 * CHUNK_BYTES + 3)
      await bench().store.put(ref.hash, bytes, { signal })
      for (const [start, end] of [
        [0, 1],
        [CHUNK_BYTES - 1, CHUNK_BYTES + 1],
        [5, 2 * CHUNK_BYTES + 3],
        [CHUNK_BYTES, CHUNK_BYTES],
      ] as const) {
        assert.ok((await bench().read(ref.hash, { start, end })).equals(bytes.subarray(start, end)), `${start}-${end}`)
      }
    })

    it('may be empty', async () => {
      const nothing = new Uint8Array(0)
      await bench().store.put(hashOf(nothing), nothing, { signal })
      assert.equal((await bench().read(hashOf(nothing))).length, 0)
    })

    it('is refused when the bytes are others, and leaves nothing behind', async () => {
      const wrong = hashOf(bytesOf('hullo'))
      await assert.rejects(bench().store.put(wrong, hello, { signal }), hasCode('wrong-hash'))
      await assert.rejects(bench().store.put(wrong, inPieces(hello, 2), { signal }), hasCode('wrong-hash'))
      assert.equal(await bench().store.stat(wrong), undefined)
      assert.deepEqual(await bench().listed(), [])
    })

    it('leaves nothing behind when its source breaks off', async () => {
      const cause = new Error('the source broke off')
      const broken = async function* (): AsyncGenerator<Uint8Array> {
        yield* inPieces(hello.subarray(0, 3), 2)
        throw cause
      }
      await assert.rejects(bench().store.put(hash, broken(), { signal }), cause)
      assert.deepEqual(await bench().listed(), [])
    })

    it('is not put when that was aborted', async () => {
      const reason = new Error('enough')
      await assert.rejects(async () => {
        await bench().store.put(hash, hello, { signal: AbortSignal.abort(reason) })
      }, reason)
      assert.deepEqual(await bench().listed(), [])
    })

    it('stays the same file when it is put again, also at the same time', async () => {
      const puts = Array.from({ length: 5 }, () => bench().store.put(hash, hello, { signal }))
      for (const stored of await Promise.all(puts)) assert.equal(stored.sizeBytes, 5)
      const before = await bench().store.stat(hash)
      assert.deepEqual(await bench().store.put(hash, hello, { signal }), before)
      assert.deepEqual(await bench().store.stat(hash), before)
      assert.deepEqual(await bench().listed(), [`${hash} 5 whole`])
    })

    it('is one of many that are put at once', async () => {
      const texts = Array.from({ length: 100 }, (_, i) => bytesOf(`blob ${i}`))
      await Promise.all(texts.map((bytes) => bench().store.put(hashOf(bytes), bytes, { signal })))
      assert.equal((await bench().listed()).length, 100)
    })

    it('is there for the next program', async () => {
      const stored = await bench().store.put(hash, hello, { signal })
      assert.deepEqual(await (await bench().opened.reopen()).stat(hash), stored)
    })

    it('is there for the next program only while it is what its name says', async () => {
      let { store } = bench()
      for (const spoiled of ['', 'hell', 'hell\0', 'hello!']) {
        await store.put(hash, hello, { signal })
        bench().opened.spoil(hash, bytesOf(spoiled))
        store = await bench().opened.reopen()
        assert.equal(await store.stat(hash), undefined, spoiled)
        assert.deepEqual(await bench().listed(store), [])
      }
    })

    it('is gone once it was deleted, and may be deleted again', async () => {
      await bench().store.put(hash, hello, { signal })
      await bench().store.delete(hash)
      await bench().store.delete(hash)
      assert.equal(await bench().store.stat(hash), undefined)
      await assert.rejects(bench().read(hash), hasCode('missing'))
    })
  })
}

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield await Promise.resolve(bytes.subarray(at, at + pieceBytes))
}
