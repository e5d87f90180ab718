/** Which kept version is meant. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keptOf, restoreTargets, versionAt } from '../../daemon/core/kept-at.ts'
import type { VersionName, VersionRecord } from '../../daemon/ports.ts'
import { ROOT, parseRelPath } from '../../protocol/path.ts'

const at = (path: string, keptMs: number, over: Partial<VersionRecord> = {}): VersionRecord => ({
  ...{ path: parseRelPath(path), keptMs, name: `${path}@${keptMs}` as VersionName, hash: null, sizeBytes: 1 },
  ...{ reason: 'newer-elsewhere', batch: 'b', isDirectory: false, taken: null },
  ...over,
})
const LOST = { batch: 'unknown', reason: 'unknown' }
const RECORDS = [
  at('a', 10),
  at('dir/a', 20),
  at('a', 30),
  at('dir/deep/b', 40),
  at('dirt', 50),
  at('dir/empty', 60, { isDirectory: true }),
]
const names = (records: readonly VersionRecord[]): string[] => records.map(({ name }) => name)
const targetNames = (path: '' | 'a' | 'dir', atMs: number | null, there: readonly string[] = []): string[] => {
  const asked = path === ROOT ? ROOT : parseRelPath(path)
  return restoreTargets(RECORDS, asked, atMs, (each) => there.includes(each)).targets.map(({ version }) => version.name)
}

describe('what is kept of a path', () => {
  it('is its versions, and with all below it those of what lies there', () => {
    assert.deepEqual(names(keptOf(RECORDS, parseRelPath('a'), false)), ['a@10', 'a@30'])
    assert.deepEqual(names(keptOf(RECORDS, parseRelPath('dir'), false)), [])
    assert.deepEqual(names(keptOf(RECORDS, parseRelPath('dir'), true)), ['dir/a@20', 'dir/deep/b@40', 'dir/empty@60'])
    assert.equal(keptOf(RECORDS, ROOT, true).length, RECORDS.length)
  })

  it('is found by the end of a path where the log has lost the rest, and where nothing else is kept', () => {
    const lost = [at('b.jpg', 5, LOST), at('x/c.jpg', 6), at('c.jpg', 7, LOST)]
    assert.deepEqual(names(keptOf(lost, parseRelPath('some/where/b.jpg'), false)), ['b.jpg@5'])
    assert.deepEqual(names(keptOf(lost, parseRelPath('x/c.jpg'), false)), ['x/c.jpg@6'])
    const { targets } = restoreTargets(lost, parseRelPath('some/where/b.jpg'), null, () => false)
    assert.deepEqual(
      targets.map(({ path }) => path),
      ['some/where/b.jpg'],
    )
  })
})

describe('the version that is brought back', () => {
  it('is the newest, or the first that was taken away after a time', () => {
    const own = [at('a', 10), at('a', 30)]
    assert.equal(versionAt(own, null)?.keptMs, 30)
    assert.equal(versionAt(own, 5)?.keptMs, 10)
    assert.equal(versionAt(own, 10)?.keptMs, 30, 'at that moment it was taken away')
    assert.equal(versionAt(own, 30), undefined, 'what is there now was there then')
  })

  it('of a directory is what is missing below it, or at a time all of it', () => {
    assert.deepEqual(targetNames('dir', null, ['dir/a']), ['dir/deep/b@40', 'dir/empty@60'])
    assert.deepEqual(targetNames('dir', 25, ['dir/a']), ['dir/deep/b@40', 'dir/empty@60'])
    assert.deepEqual(targetNames('dir', 15, ['dir/a']), ['dir/a@20', 'dir/deep/b@40', 'dir/empty@60'])
    assert.deepEqual(targetNames('a', null, ['a']), ['a@30'])
    assert.deepEqual(targetNames('', 45), ['dirt@50', 'dir/empty@60'])
  })
})
