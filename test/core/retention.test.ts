/** Which kept versions may go. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { chosenRule, expired } from '../../daemon/core/retention.ts'
import type { RetentionRule } from '../../daemon/core/retention.ts'
import type { VersionName, VersionRecord } from '../../daemon/ports.ts'
import { parseRelPath } from '../../protocol/path.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const NOW_MS = 1_800_000_000_000

const kept = fc.array(fc.record({ sizeBytes: fc.nat(1000), daysAgo: fc.nat(60) }), { maxLength: 30 }).map((all) =>
  all
    .toSorted((a, b) => b.daysAgo - a.daysAgo)
    .map(({ sizeBytes, daysAgo }, i): VersionRecord => ({
      ...{ path: parseRelPath(`f${i}`), keptMs: NOW_MS - daysAgo * DAY_MS, hash: null },
      ...{ name: `v${i}` as VersionName, sizeBytes, reason: 'newer-elsewhere', batch: 'b' },
      ...{ isDirectory: false, taken: null },
    })),
)

const RULE = { days: 30, volumeShare: 1, perPath: null, bytes: null }

describe('kept versions', () => {
  it('go after their days, and the oldest first until they fit their share', () => {
    fc.assert(
      fc.property(kept, fc.integer({ min: 1, max: 40 }), fc.nat(20_000), (records, days, volumeBytes) => {
        const names = expired(records, { ...RULE, days, volumeShare: 0.1 }, NOW_MS, volumeBytes)
        const left = records.filter(({ name }) => !names.has(name))
        const bytes = left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
        assert.ok(left.every(({ keptMs }) => keptMs >= NOW_MS - days * DAY_MS))
        assert.ok(bytes <= volumeBytes * 0.1)
        // The last one that went was too old, or did not fit with those that stay.
        const last = records.findLast(({ name }) => names.has(name))
        if (last === undefined) return
        const isOld = last.keptMs < NOW_MS - days * DAY_MS
        assert.ok(isOld || bytes + last.sizeBytes > volumeBytes * 0.1)
      }),
    )
  })

  const at = (path: string, daysAgo: number, over: Partial<VersionRecord> = {}): VersionRecord => ({
    ...{ path: parseRelPath(path), keptMs: NOW_MS - daysAgo * DAY_MS, hash: null, reason: 'newer-elsewhere' },
    ...{ name: `${path}-${daysAgo}` as VersionName, sizeBytes: 10, batch: 'b', isDirectory: false, taken: null },
    ...over,
  })
  const goneOf = (records: VersionRecord[], rule: Partial<typeof RULE | RetentionRule>): VersionName[] =>
    [...expired(records, { ...RULE, ...rule }, NOW_MS, 1000)].sort()

  it('are at most so many of one path, the newest', () => {
    const records = [at('a', 3), at('b', 3), at('a', 2), at('a', 1)]
    assert.deepEqual(goneOf(records, { perPath: 2 }), ['a-3'])
    assert.deepEqual(goneOf(records, { perPath: 0 }), ['a-1', 'a-2', 'a-3', 'b-3'])
  })

  it('are never too many where their path is not known any more', () => {
    const lost = { batch: 'unknown', reason: 'unknown' }
    assert.deepEqual(goneOf([at('a', 3, lost), at('a', 2, lost), at('a', 1)], { perPath: 1 }), [])
  })

  it('fit into their bytes, those that are too old or too many not counted', () => {
    const records = [at('a', 40), at('b', 3), at('b', 2), at('c', 1)]
    assert.deepEqual(goneOf(records, { bytes: 30 }), ['a-40'])
    assert.deepEqual(goneOf(records, { bytes: 20, perPath: 1 }), ['a-40', 'b-3'])
    assert.deepEqual(goneOf(records, { bytes: 19 }), ['a-40', 'b-2', 'b-3'])
    assert.deepEqual(goneOf(records, { bytes: 0 }).length, 4)
  })

  it('stay when they seem to be from the future', () => {
    assert.deepEqual(goneOf([at('a', 31), at('b', -4000)], {}), ['a-31'])
  })

  it('follow what a person chose for the folder, and the setting of the daemon for the rest', () => {
    const chosen = chosenRule(RULE, { days: 7, versions: null, bytes: 5 })
    assert.deepEqual(chosen, { days: 7, volumeShare: 1, perPath: null, bytes: 5 })
    assert.deepEqual(chosenRule(RULE, { days: null, versions: 3, bytes: null }), { ...RULE, perPath: 3 })
  })
})
