/** What a person may choose for a run of a pair: what becomes of conflicts, what makes a difference, what is sent anyway. */

import assert from 'node:assert/strict'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runPair } from '../../daemon/sync/ends/pair-run.ts'
import type { PairParts } from '../../daemon/sync/ends/pair-run.ts'
import type { PairResult } from '../../protocol/api/pairs.ts'
import type { PairBench, RunOptions } from './pair-bench.ts'
import { DAY_MS, T, bytesRead, copiesOf, openPairBench, put, putBoth, treeOf, versionsOf } from './pair-bench.ts'

const trees = (bench: PairBench): unknown => [treeOf(bench.source), treeOf(bench.destination)]

describe('a conflict in a pair', () => {
  async function conflict(
    onConflict: RunOptions['onConflict'],
    more: RunOptions = {},
  ): Promise<[PairBench, PairResult]> {
    const bench = openPairBench()
    putBoth(bench, 'a.txt', 'old')
    await bench.run()
    put(bench.source, 'a.txt', 'mine', T + DAY_MS)
    put(bench.destination, 'a.txt', 'yours', T + 2 * DAY_MS)
    return [bench, await bench.run({ ...more, ...(onConflict !== undefined && { onConflict }) })]
  }

  it('leaves both under keep-both, the later one under the name', async () => {
    const [bench, result] = await conflict('keep-both')
    using _ = bench
    const tree = treeOf(bench.source)
    assert.equal(tree['a.txt'], 'yours')
    const [copy = ''] = Object.keys(tree).filter((path) => path !== 'a.txt')
    assert.match(copy, /^a\.conflict-20260102-000000-source-[0-9a-f]{4}\.txt$/)
    assert.equal(tree[copy], 'mine')
    assert.deepEqual(treeOf(bench.destination), tree)
    assert.deepEqual([result.conflicts, result.conflictList[0]?.copy], [1, copy])
  })

  for (const [policy, winner, side, loser] of [
    ['newest', 'yours', 'source', 'mine'],
    ['source', 'mine', 'destination', 'yours'],
    ['destination', 'yours', 'source', 'mine'],
  ] as const) {
    it(`gives one side the name under ${policy}, and the other goes to the versions`, async () => {
      const [bench] = await conflict(policy)
      using _ = bench
      assert.deepEqual(trees(bench), [{ 'a.txt': winner }, { 'a.txt': winner }])
      assert.deepEqual(versionsOf(bench[side]), [loser])
    })
  }

  it('changes nothing under manual, is listed in every run, and ends once the sides agree', async () => {
    const [bench, result] = await conflict('manual')
    using _ = bench
    assert.deepEqual(trees(bench), [{ 'a.txt': 'mine' }, { 'a.txt': 'yours' }])
    assert.deepEqual(
      result.conflictList.map(({ path, isOpen }) => [path, isOpen]),
      [['a.txt', true]],
    )
    assert.equal((await bench.run({ onConflict: 'manual' })).conflicts, 1)
    put(bench.source, 'a.txt', 'yours', T)
    assert.equal((await bench.run({ onConflict: 'manual' })).conflicts, 0)
  })

  it('makes no second copy of a loser that is kept beside it already', async () => {
    const [bench] = await conflict('keep-both')
    using _ = bench
    put(bench.source, 'a.txt', 'mine', T + 3 * DAY_MS)
    put(bench.destination, 'a.txt', 'third', T + 4 * DAY_MS)
    await bench.run()
    assert.deepEqual(copiesOf(treeOf(bench.source), 'a'), ['mine'])
  })
})

describe('a comparison', () => {
  it('by size takes an edit that keeps the size for none, and by hash for one', async () => {
    using bench = openPairBench()
    putBoth(bench, 'a', 'old')
    await bench.run({ compare: 'size' })
    assert.equal(bytesRead(bench), 0, 'nothing is hashed')
    put(bench.source, 'a', 'new', T)
    assert.equal((await bench.run({ compare: 'size' })).changes, 0)
    put(bench.source, 'a', 'newer', T)
    await bench.run({ compare: 'size' })
    assert.deepEqual(treeOf(bench.destination), { a: 'newer' })
    put(bench.source, 'a', 'NEWER', T)
    await bench.run({ compare: 'hash' })
    assert.deepEqual(treeOf(bench.destination), { a: 'NEWER' })
  })

  for (const compare of ['mtime', 'size+mtime'] as const) {
    it(`by ${compare} takes times within two seconds for one`, async () => {
      using bench = openPairBench()
      put(bench.source, 'a', 'mine!', T)
      put(bench.destination, 'a', 'yours', T + 2000)
      assert.equal((await bench.run({ compare })).changes, 0)
      put(bench.source, 'a', 'edits', T + 5000)
      await bench.run({ compare })
      assert.deepEqual(treeOf(bench.destination), { a: 'edits' })
    })
  }

  it('by hash+mtime carries a time alone over without a byte, and makes no conflict of two times', async () => {
    using bench = openPairBench()
    putBoth(bench, 'a', 'text')
    await bench.run({ compare: 'hash+mtime' })
    put(bench.source, 'a', 'text', T + DAY_MS)
    put(bench.destination, 'a', 'text', T + 2 * DAY_MS)
    const { conflicts, bytesSent, bytesReceived } = await bench.run({ compare: 'hash+mtime' })
    assert.deepEqual([conflicts, bytesSent, bytesReceived], [0, 0, 0])
    assert.equal(Math.floor(lstatSync(join(bench.source, 'a')).mtimeMs), T + 2 * DAY_MS)
  })
})

describe('force', () => {
  it('transfers what is the same, in the direction that the mode allows', async () => {
    using bench = openPairBench()
    putBoth(bench, 'a', 'text')
    await bench.run()
    const { uploads, bytesSent, downloads } = await bench.run({ force: 'upload', mode: 'source-backup' })
    assert.deepEqual([uploads, bytesSent, downloads], [1, 4, 0])
    await assert.rejects(bench.run({ force: 'download', mode: 'source-backup' }), { code: 'bad-request' })
    await assert.rejects(bench.run({ initial: 'source-wins', mode: 'destination-backup' }), { code: 'bad-request' })
  })
})

describe('a comparison by hash', () => {
  it('is refused where a side cannot tell the hashes of its files', async () => {
    const traits = { caseSensitive: true, executableBit: true, symlinks: true }
    const ends = {
      source: { traits: { ...traits, hashes: true } },
      destination: { traits: { ...traits, hashes: false } },
    }
    // It is refused before anything else of them is looked at.
    const parts = { ends, base: { isKnown: false }, clock: { monotonicMs: () => 0 } } as unknown as PairParts
    const run = runPair(parts, {
      ...{ mode: 'two-way', compare: 'hash+mtime', onConflict: 'keep-both', initial: 'merge', force: null },
      ...{
        patterns: { include: [], exclude: [], ignore: '' },
        isDryRun: true,
        confirm: () => true,
        tell: () => undefined,
      },
      signal: new AbortController().signal,
    })
    await assert.rejects(run, { code: 'no-hashes' })
  })
})
