/** The decision table, row by row and mode by mode, on real directories: generated from the table that the code decides by. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RENAME_ROWS, VERDICTS } from '../../daemon/core/decision-table.ts'
import type { PairMode } from '../../protocol/pair-options.ts'
import { PAIR_MODES } from '../../protocol/pair-options.ts'
import type { PairBench, TreeText } from './pair-bench.ts'
import { copiesOf, openPairBench, put, remove, treeOf, versionsOf } from './pair-bench.ts'
import type { Expected, Had, PathCase, Variant } from './table-cases.ts'
import { PATH_CASES, VARIANTS, codeOf, expectedOf } from './table-cases.ts'

const BASE_MS = Date.UTC(2026, 0, 1)

/** The path of a case in the one tree where all cases of a mode are run together. */
const pathOf = (_case: PathCase, index: number): string => `case-${index}`

function write(directory: string, path: string, had: Had, ms: number): void {
  remove(directory, path)
  if (had === null) return
  if ('text' in had) put(directory, path, had.text, ms)
  else put(directory, `${path}/child`, had.child, ms)
}

function show(tree: TreeText, path: string): Had {
  const text = tree[path]
  if (text === undefined) return null
  return text === '/' ? { child: tree[`${path}/child`] ?? '' } : { text }
}

async function prepare(bench: PairBench): Promise<void> {
  for (const [index, each] of PATH_CASES.entries()) {
    for (const side of [bench.source, bench.destination]) write(side, pathOf(each, index), each.base, BASE_MS)
  }
  await bench.run({ mode: 'two-way' })
}

/** What was not touched keeps its time. */
function edit(bench: PairBench, variant: Variant): void {
  for (const [index, each] of PATH_CASES.entries()) {
    const path = pathOf(each, index)
    for (const [directory, had, ms] of [
      [bench.source, each.source, variant.sourceMs],
      [bench.destination, each.destination, variant.destinationMs],
    ] as const) {
      if (had !== each.base) write(directory, path, had, ms === null ? BASE_MS : BASE_MS + 60_000 + ms)
    }
  }
}

function found(bench: PairBench, path: string): Expected {
  const [source, destination] = [treeOf(bench.source), treeOf(bench.destination)]
  return {
    ...{ source: show(source, path), destination: show(destination, path) },
    ...{ sourceCopies: copiesOf(source, path), destinationCopies: copiesOf(destination, path) },
  }
}

function checkAll(bench: PairBench, mode: PairMode, variant: Variant): void {
  const isDestinationLater = (variant.destinationMs ?? 0) > (variant.sourceMs ?? 0)
  for (const [index, each] of PATH_CASES.entries()) {
    const code = codeOf(each.row, mode)
    const expected = expectedOf(each, VERDICTS[code].effect, isDestinationLater)
    assert.deepEqual(found(bench, pathOf(each, index)), expected, `row ${each.row} (${each.name}): ${code}`)
  }
}

describe('the decision table on real directories', () => {
  for (const mode of PAIR_MODES) {
    for (const variant of VARIANTS) {
      it(`is kept in mode ${mode}, with ${variant.name}`, async () => {
        using bench = openPairBench()
        await prepare(bench)
        edit(bench, variant)
        const before = [...Object.values(treeOf(bench.source)), ...Object.values(treeOf(bench.destination))]
        await bench.run({ mode })
        checkAll(bench, mode, variant)
        const trees = [bench.source, bench.destination].flatMap((side) => [
          ...Object.values(treeOf(side)),
          ...versionsOf(side),
        ])
        for (const text of before) assert.ok(trees.includes(text), `"${text}" is lost`)
        const again = await bench.run({ mode })
        assert.equal(again.changes, 0, 'a second run finds nothing to do')
        checkAll(bench, mode, variant)
      })
    }
  }
})

describe('a rename in the decision table', () => {
  for (const row of RENAME_ROWS) {
    for (const mode of PAIR_MODES) {
      it(`comes out as row ${row.number} says in mode ${mode}: ${row.pair[mode].text}`, async () => {
        using bench = openPairBench()
        for (const side of [bench.source, bench.destination]) put(side, 'p', 'old', BASE_MS)
        await bench.run()
        remove(bench.source, 'p')
        put(bench.source, 'q', 'old', BASE_MS)
        if (row.number === 13) put(bench.destination, 'p', 'edit', BASE_MS + 60_000)
        if (row.number === 14) {
          remove(bench.destination, 'p')
          put(bench.destination, 'r', 'old', BASE_MS)
        }
        const result = await bench.run({ mode })
        assert.deepEqual(treeOf(bench.source), row.pair[mode].source)
        assert.deepEqual(treeOf(bench.destination), row.pair[mode].destination)
        if (row.number === 12) assert.equal(result.bytesSent, 0, 'a rename sends no bytes')
        assert.equal((await bench.run({ mode })).changes, 0, 'a second run finds nothing to do')
      })
    }
  }
})
