/** Chunk lists: which chunks a blob has, and the list that an entry names. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hex } from '@scure/base'
import fc from 'fast-check'
import { z } from 'zod'
import { chunkCount, chunkHash, chunkSize, openChunkList, sameBytes, toChunkList } from '../../protocol/chunks.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { CHUNK_BYTES, FILE_BYTES_MAX, HASH_BYTES } from '../../protocol/limits.ts'
import { attempt, crypto } from './sample-wire.ts'
import { vectorsOf, zHex } from './vector-files.ts'

const zList = z.object({ sizeBytes: z.number(), fill: z.number(), blob: z.string(), hashes: zHex, digest: z.string() })
const aSize = fc.oneof(
  fc.integer({ min: 0, max: FILE_BYTES_MAX }),
  fc.tuple(fc.nat(2 ** 20), fc.integer({ min: -1, max: 1 })).map(([n, off]) => Math.max(0, n * CHUNK_BYTES + off)),
)

describe('a chunk list', () => {
  it('is of the chunks that the vectors say', () => {
    for (const { sizeBytes, fill, blob, hashes, digest } of vectorsOf('chunks/lists', z.array(zList))) {
      const bytes = new Uint8Array(sizeBytes).fill(fill)
      const count = chunkCount(sizeBytes)
      const made = Array.from({ length: count }, (_, i) =>
        crypto.blake3(bytes.subarray(i * CHUNK_BYTES, i * CHUNK_BYTES + chunkSize(sizeBytes, i))),
      )
      const list = toChunkList(new Uint8Array(Buffer.concat(made)), crypto)
      assert.equal(hex.encode(crypto.blake3(bytes)), blob)
      assert.equal(hex.encode(list.hashes), hex.encode(hashes))
      assert.equal(list.digest, digest)
      for (const [i, hash] of made.entries()) assert.ok(sameBytes(chunkHash(list, i), hash))
    }
  })

  it('covers every byte of a blob once', () => {
    fc.assert(
      fc.property(aSize, (sizeBytes) => {
        const count = chunkCount(sizeBytes)
        const last = count === 0 ? 0 : chunkSize(sizeBytes, count - 1)
        assert.equal(Math.max(0, count - 1) * CHUNK_BYTES + last, sizeBytes)
        if (count > 0) assert.ok(last >= 1 && last <= CHUNK_BYTES)
        if (count > 1) assert.equal(chunkSize(sizeBytes, 0), CHUNK_BYTES)
      }),
    )
  })

  it('is taken only when it is exactly the one that the entry names', () => {
    const someHashes = fc
      .integer({ min: 1, max: 6 })
      .chain((n) => fc.uint8Array({ minLength: n * 32, maxLength: n * 32 }))
    fc.assert(
      fc.property(someHashes, fc.nat(), fc.integer({ min: 1, max: 255 }), (hashes, at, flip) => {
        const sizeBytes = (hashes.length / HASH_BYTES) * CHUNK_BYTES
        const list = toChunkList(hashes, crypto)
        const blob = { hash: blobHashOf(new Uint8Array(HASH_BYTES)), sizeBytes, chunks: list.digest }
        assert.deepEqual(openChunkList(hashes, blob, crypto), list)
        const wrong = hashes.slice()
        wrong[at % wrong.length] = (wrong[at % wrong.length] ?? 0) ^ flip
        const others = [wrong, hashes.subarray(1), new Uint8Array(0), Uint8Array.of(...hashes, ...hashes)]
        for (const other of others)
          assert.equal(
            attempt(() => openChunkList(other, blob, crypto)),
            undefined,
          )
        const isTaken = attempt(() => openChunkList(hashes, { ...blob, chunks: null }, crypto))
        assert.equal(isTaken, undefined)
      }),
    )
  })
})
