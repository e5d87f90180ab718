/** A part file in which one byte is another: its chunk counts as missing, and the others are kept. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openBlobStore } from '../../daemon/blobs/store.ts'
import { threadsHere } from '../threads-here.ts'
import { chunkSize } from '../../protocol/chunks.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { crypto, signal } from '../conformance/blob-store-bench.ts'
import { recordFigure } from '../figures.ts'
import { scaled } from '../scale.ts'
import { flipped, knownOf, noise } from '../sync/blob-bench.ts'

const STEP_BYTES = scaled({ small: 400_003, full: 4_099 })

describe('a part file with one flipped byte', () => {
  it('lacks exactly the chunk of that byte when it is resumed, whichever it is, and becomes whole by it', async () => {
    const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holt-part-'))
    try {
      const store = await openBlobStore({ directory, crypto, threads: threadsHere })
      const blob = knownOf(noise(2 * CHUNK_BYTES + 4321, 1))
      const part = join(directory, `${blob.hash}.part`)
      const chunk = (no: number): Uint8Array =>
        blob.bytes.subarray(no * CHUNK_BYTES, no * CHUNK_BYTES + chunkSize(blob.sizeBytes, no))
      let cases = 0
      for (let at = 0; at < blob.sizeBytes; at += STEP_BYTES) {
        writeFileSync(part, flipped(blob.bytes, at))
        await using incoming = await store.receive(blob, blob.list, { signal })
        const lost = Math.floor(at / CHUNK_BYTES)
        assert.deepEqual(incoming.missing(), [lost], `byte ${at}`)
        assert.equal(await incoming.write(lost, chunk(lost)), 'written')
        assert.notEqual(await incoming.commit(), 'wrong')
        assert.deepEqual(readFileSync(join(directory, blob.hash)).equals(blob.bytes), true)
        await store.delete(blob.hash)
        cases += 1
      }
      recordFigure('flipped-part', { bytes: blob.sizeBytes, cases, detected: cases, repaired: cases })
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
