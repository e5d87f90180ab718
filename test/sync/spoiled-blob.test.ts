/** A blob that waits to be placed, and is not what it was when it came. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { blobHashOf } from '../../protocol/ids.ts'
import { blake3 } from '../../daemon/blake3.ts'
import { ROOT } from '../sim/daemon.ts'
import { createFolderBench } from './folder-bench.ts'

const TEXT = 'as it was sent'
const hash = blobHashOf(blake3(new TextEncoder().encode(TEXT)))

describe('a whole blob that a crash left in the store', () => {
  const cases = [
    ['is placed as it is when it is what its name says', TEXT, 0],
    ['is fetched again when it was edited: its file had two names when the power went', 'edited since', TEXT.length],
  ] as const
  for (const [fact, left, sentBytes] of cases) {
    it(fact, async () => {
      await using bench = createFolderBench(4)
      const anna = bench.place('anna')
      anna.write('letter.txt', TEXT)
      const ben = bench.place('ben', { before: ({ hands }) => hands.write(`${ROOT}/.holt/incoming/${hash}`, left) })
      await bench.until('the letter', () => ben.read('letter.txt') !== undefined)
      assert.equal(ben.read('letter.txt'), TEXT)
      assert.equal(anna.daemon.sentBytes, sentBytes)
    })
  }
})
