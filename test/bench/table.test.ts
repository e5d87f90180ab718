/** How results become a table. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Program } from '../../bench/contenders/contender.ts'
import type { Result } from '../../bench/result.ts'
import type { Row } from '../../bench/row.ts'
import { formatNumber, lookupIn, renderTable } from '../../bench/table.ts'

const ROWS: readonly Row[] = [
  { id: 'sync', title: 'first sync', unit: 's', sentence: 'How long.' },
  { id: 'wire', title: 'bytes', unit: 'MiB', sentence: 'How many.' },
]

function result(row: string, program: Program, run: number, value: number): Result {
  return { row, program, run, value, version: '1', seed: 1, isQuick: false }
}

describe('the table of the benchmark', () => {
  it('has the median of the runs, with the least and the most', () => {
    const results = [9, 1, 2].map((value, i) => result('sync', 'Holt', i + 1, value))
    assert.equal(lookupIn(results)('sync', 'Holt'), 2)
    assert.match(renderTable(ROWS, results, []), /\| 2\.00 s \(1\.00–9\.00\) \|/)
  })

  it('has a column for each program with a result, and a dash where one has none', () => {
    const results = [result('sync', 'Holt', 1, 2), result('wire', 'rsync', 1, 120)]
    const lines = renderTable(ROWS, results, []).split('\n')
    assert.equal(lines[0], '| row | Holt | rsync | target | verdict |')
    assert.equal(lines[2], '| first sync (`sync`) | 2.00 s | – | – |  |')
    assert.equal(lines[3], '| bytes (`wire`) | – | 120 MiB | – |  |')
  })

  it('leaves out rows of which nothing is known', () => {
    assert.doesNotMatch(renderTable(ROWS, [result('sync', 'Holt', 1, 2)], []), /wire/)
  })

  it('says beside each row what was asked and whether it is so', () => {
    const target = { row: 'sync', atMost: 0.5, of: 'Syncthing by hand', limit: 'limit', asked: 'sync' } as const
    const results = [result('sync', 'Holt', 1, 6), result('sync', 'Syncthing by hand', 1, 10)]
    assert.match(
      renderTable(ROWS, results, [target]),
      /\| ≤ 0\.5 × Syncthing by hand \| \*\*missed\*\* \(≤ 5\.00 s\) \|/,
    )
    const bare = [...results, result('limit', 'bare Node', 1, 5)]
    assert.match(renderTable(ROWS, bare, [target]), /at the limit: 1\.20 × `limit` \(target ≤ 5\.00 s\)/)
    assert.match(renderTable(ROWS, results.slice(0, 1), [target]), /\*\*not compared\*\*: no Syncthing by hand/)
  })

  it('shows three digits that say something', () => {
    const shown = [0, 0.0123, 0.5, 9.876, 12.34, 110.7].map(formatNumber)
    assert.deepEqual(shown, ['0', '0.012', '0.50', '9.88', '12.3', '111'])
  })
})
