/** What Holt has to reach is what the design asks for, and is measured. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BLOCKS, ROWS } from '../../bench/blocks.ts'
import { TARGETS } from '../../bench/targets.ts'

describe('the targets of the benchmark', () => {
  it('are each of a row that Holt is measured in, beside what it is compared with', () => {
    for (const { row, of } of TARGETS) {
      const block = BLOCKS.find(({ rows }) => rows.some(({ id }) => id === row))
      const needed = of === undefined ? ['Holt'] : ['Holt', of]
      assert.deepEqual(
        needed.filter((program) => block?.programs.some((each) => each === program) !== true),
        [],
        row,
      )
    }
  })

  it('are compared with bare programs that are rows of the same table', () => {
    for (const { limit } of TARGETS) {
      if (limit === undefined) continue
      const block = BLOCKS.find(({ rows }) => rows.some(({ id }) => id === limit))
      assert.deepEqual(block?.programs, ['bare Node'], limit)
    }
  })

  it('are one for each row at most, and every row has a name of its own', () => {
    for (const names of [TARGETS.map(({ row }) => row), ROWS.map(({ id }) => id)]) {
      assert.deepEqual([...new Set(names)], names)
    }
  })
})
