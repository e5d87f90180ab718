/** Times as people type them. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePastTime } from '../../cli/past-time.ts'

const NOW = new Date(2026, 10, 21, 14, 30, 5)
const HOUR_MS = 3_600_000
const localMs = (...parts: [number, number, number, number?, number?, number?]): number => new Date(...parts).getTime()

describe('a time in the past', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['2h', NOW.getTime() - 2 * HOUR_MS],
    ['90 min', NOW.getTime() - 1.5 * HOUR_MS],
    ['3d ago', NOW.getTime() - 72 * HOUR_MS],
    ['1w', NOW.getTime() - 7 * 24 * HOUR_MS],
    ['yesterday', localMs(2026, 10, 21)],
    ['09:15', localMs(2026, 10, 21, 9, 15)],
    ['2026-11-20', localMs(2026, 10, 21)],
    ['2026-11-21', NOW.getTime()],
    ['2026-11-20 14:30', localMs(2026, 10, 20, 14, 30)],
    ['2026-11-20T14:30:07Z', Date.UTC(2026, 10, 20, 14, 30, 7)],
    ['2026-11-20T14:30+02:00', Date.UTC(2026, 10, 20, 12, 30)],
    ['15:00', undefined],
    ['2026-11-22', undefined],
    ['2026-02-31', undefined],
    ['2026-11-20 25:00', undefined],
    ['24:00', undefined],
    ['tomorrow', undefined],
    ['5', undefined],
    ['', undefined],
  ]
  for (const [text, ms] of cases) {
    it(`${ms === undefined ? 'is not' : 'is'}: ${JSON.stringify(text)}`, () => {
      assert.equal(parsePastTime(text, NOW.getTime()), ms)
    })
  }
})
