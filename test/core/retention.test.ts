/** Which kept versions may go. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { expired } from '../../daemon/core/retention.ts'
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

describe('kept versions', () => {
  it('go after their days, and the oldest first until they fit their share', () => {
    fc.assert(
      fc.property(kept, fc.integer({ min: 1, max: 40 }), fc.nat(20_000), (records, days, volumeBytes) => {
        const names = expired(records, { days, volumeShare: 0.1 }, NOW_MS, volumeBytes)
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
})
