/** What it means that a file was read again. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isDue, isStillDamaged, judge, restMs } from '../../daemon/core/scrub.ts'
import type { HashResult } from '../../daemon/ports.ts'
import { parseBlobHash } from '../../protocol/ids.ts'
import { fingerprint } from '../catalogue/rows.ts'
import { at, entryOf, fileOf } from './entries.ts'

const path = at('a')
const row = { entry: entryOf('a', fileOf('1')), fingerprint: fingerprint(1) }
const GOOD = parseBlobHash('1'.repeat(64))
const BAD = parseBlobHash('2'.repeat(64))

function hashed(hash: typeof GOOD, look: number): HashResult {
  return { kind: 'hashed', path, hash, fingerprint: fingerprint(look), sizeBytes: 1, chunks: null }
}

describe('a file that was read again', () => {
  const cases = [
    ['is sound with the bytes and the look of the base', hashed(GOOD, 1), 'sound'],
    ['has rotted with other bytes under the same look', hashed(BAD, 1), 'rot'],
    ['was edited with another look, whatever its bytes', hashed(BAD, 2), 'changed'],
    ['was edited while it was read', { kind: 'changed', path }, 'changed'],
    ['is unreadable where the disk fails', { kind: 'unreadable', path, reason: 'EIO: i/o error' }, 'unreadable'],
    ['is no damage where a permission is missing', { kind: 'unreadable', path, reason: 'EACCES: denied' }, 'changed'],
  ] as const
  for (const [fact, result, judgement] of cases) it(fact, () => assert.equal(judge(row, result), judgement))
})

describe('damage', () => {
  const damage = { kind: 'rot', fingerprint: fingerprint(1), hash: GOOD, sizeBytes: 1, isToRepair: true } as const

  it('is over once the file has another look, should hold other bytes, or is not there', () => {
    assert.ok(isStillDamaged(damage, row))
    assert.ok(!isStillDamaged(damage, { ...row, fingerprint: fingerprint(2) }))
    assert.ok(!isStillDamaged(damage, { ...row, entry: entryOf('a', fileOf('2')) }))
    assert.ok(!isStillDamaged(damage, { ...row, entry: entryOf('a', { kind: 'deleted' }) }))
    assert.ok(!isStillDamaged(damage, undefined))
  })
})

describe('a round', () => {
  it('is due when there was none, when its time has come, and when the clock went back', () => {
    assert.ok(isDue(null, 5, 100))
    assert.ok(!isDue(1000, 1099, 100))
    assert.ok(isDue(1000, 1100, 100))
    assert.ok(isDue(1000, 999, 100))
  })

  it('rests as long as its bytes should take', () => {
    assert.equal(restMs(16_000_000, 16_000_000), 1000)
    assert.equal(restMs(0, 16_000_000), 0)
  })
})
