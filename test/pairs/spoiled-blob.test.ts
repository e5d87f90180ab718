/** A blob that waits in the store of a pair is not synced: what a power cut made of it is not taken for the file. */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { openPairBench, put, treeOf } from './pair-bench.ts'

describe('a pair whose run a power cut ended', () => {
  it('copies again what was spoiled before it was placed', async () => {
    using bench = openPairBench()
    await bench.run()
    put(bench.source, 'a', 'what was written')
    const hash = blobHashOf(createNativeCrypto().blake3(Buffer.from('what was written')))
    const incoming = join(bench.destination, '.holt/incoming')
    mkdirSync(incoming, { recursive: true })
    for (const spoiled of ['', 'what was\0\0\0\0\0\0\0\0']) {
      writeFileSync(join(incoming, hash), spoiled)
      const { errors } = await bench.run()
      assert.equal(errors, 0)
      assert.deepEqual(treeOf(bench.destination), { a: 'what was written' })
    }
  })
})
