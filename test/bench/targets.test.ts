/** What Holt has to reach is what the design asks for, and is measured. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BLOCKS, ROWS } from '../../bench/blocks.ts'
import { TARGETS } from '../../bench/targets.ts'

/** Every line of the design's table that asks something of Holt. */
const ASKED = [
  'big first sync',
  'mixed first sync',
  'small first sync',
  'photos first sync',
  'all four at default settings',
  'CPU of both sides, small',
  'rescan, no change',
  'new 1 KiB file while idle',
  '1 MiB edited and 1 MiB appended',
  '1 MiB inserted at the front',
  'unaligned insert',
  'rename',
  'receiver killed at half',
  'bytes on the wire',
  'start → connected',
  'LAN discovery → connected',
  'idle',
  'peak memory of a side',
  'a million entries, 10 changes',
]

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

  it('answer every line that asks for something', () => {
    assert.deepEqual([...new Set(TARGETS.map(({ asked }) => asked))].sort(), [...ASKED].sort())
  })

  it('are one for each row at most, and every row has a name of its own', () => {
    for (const names of [TARGETS.map(({ row }) => row), ROWS.map(({ id }) => id)]) {
      assert.deepEqual([...new Set(names)], names)
    }
  })
})
