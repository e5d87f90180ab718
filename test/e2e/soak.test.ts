/** The soak of `npm run soak`, for some seconds; and that it would notice. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SCALE } from '../scale.ts'
import { growthOf, soak } from './soak.ts'

const MEBIBYTE = 2 ** 20

describe('three devices', () => {
  // Three daemons take longer to begin than a small run may take.
  if (SCALE === 'full') {
    it('stay the same under constant edits and kills, and do not grow', { timeout: 300_000 }, async (t) => {
      const figures = await soak({ durationMs: 15_000, seed: 'short', say: (line) => t.diagnostic(line) })
      assert.ok(Number(figures['edits']) > 20, 'there was work')
    })
  }

  it('have grown when they take more at the end of a long time than at its begin, and not when they give it back', () => {
    const samples = (of: (i: number) => number): number[] => Array.from({ length: 20 }, (_, i) => of(i) * MEBIBYTE)
    assert.equal(growthOf(samples((i) => 100 + (i % 3) * 40)), 0)
    assert.equal(growthOf(samples((i) => (i < 4 ? 50 : 150))), 0, 'it warms up')
    assert.ok(growthOf(samples((i) => 100 + i * 5)) > 24 * MEBIBYTE)
  })
})
