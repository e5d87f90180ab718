/** What is one step to take back, and what of it may be brought back. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isCalled, isSameStep, judge, targetsOf, undoSteps } from '../../daemon/core/undo.ts'
import type { VersionName, VersionRecord } from '../../daemon/ports.ts'
import type { Became } from '../../daemon/versions-port.ts'
import { deviceIdOf, parseBlobHash } from '../../protocol/ids.ts'
import { parseRelPath } from '../../protocol/path.ts'

const [ANNA, BEN] = [1, 2].map((no) => deviceIdOf(new Uint8Array(32).fill(no)))
const [OLD, NEW, NEWER] = ['a1', 'b2', 'c3'].map((two) => parseBlobHash(two.repeat(32)))
assert.ok(ANNA && BEN && OLD && NEW && NEWER)
const SECOND = 1_790_000_000
let made = 0

function record(
  path: string,
  second: number,
  over: Partial<VersionRecord> & { became?: Became; by?: typeof ANNA } = {},
) {
  const { became = 'deleted', by = ANNA, ...rest } = over
  made += 1
  return {
    ...{ path: parseRelPath(path), name: `v${made}` as VersionName, keptMs: second * 1000 + 500, hash: OLD ?? null },
    ...{ sizeBytes: 1, reason: 'newer-elsewhere', batch: `pass-${made}`, isDirectory: false },
    taken: by === undefined ? null : { became, by, second },
    ...rest,
  } satisfies VersionRecord
}

describe('what one device did in one go', () => {
  it('is one step, however many passes brought it here', () => {
    const steps = undoSteps([record('a', SECOND), record('b', SECOND + 60), record('c', SECOND + 149)])
    assert.deepEqual(
      steps.map(({ deleted, replaced }) => [deleted, replaced]),
      [[3, 0]],
    )
    assert.match(steps[0]?.id ?? '', /^20260921-141320-[1-9A-Za-z]{7}$/)
  })

  it('is told from what another device did, and from what the same one did before and after', () => {
    const steps = undoSteps([
      record('a', SECOND),
      record('b', SECOND + 1, { by: BEN }),
      record('c', SECOND + 200),
      record('d', SECOND + 1000, { became: NEW }),
      record('e', SECOND + 1011, { became: NEW }),
    ])
    assert.deepEqual(
      steps.map(({ records }) => records.map(({ path }) => path)),
      [['e'], ['d'], ['c'], ['b'], ['a']],
    )
  })

  it('ends after an hour, and where something is taken back', () => {
    const long = Array.from({ length: 100 }, (_, i) => record(`f${i}`, SECOND + i * 60))
    assert.equal(undoSteps(long).length, 2)
    const undone = record('a', SECOND + 1, { reason: 'undone', became: OLD })
    assert.deepEqual(
      undoSteps([record('a', SECOND, { became: NEW }), undone]).map(({ isUndo }) => isUndo),
      [true, false],
    )
  })

  it('is the same step for a device that has only a part of it', () => {
    const whole = { by: ANNA, first: SECOND, last: SECOND + 100 }
    assert.ok(isSameStep(whole, { by: ANNA, first: SECOND + 40, last: SECOND + 60 }))
    assert.ok(!isSameStep(whole, { by: ANNA, first: SECOND + 120, last: SECOND + 121 }))
    assert.ok(!isSameStep(whole, { ...whole, by: BEN }))
  })

  it('is meant by the id that any device has for it', () => {
    const [step] = undoSteps([record('a', SECOND), record('b', SECOND + 20)])
    const [part] = undoSteps([record('b', SECOND + 20)])
    const [other] = undoSteps([record('b', SECOND + 20, { by: BEN })])
    assert.ok(step && part && other)
    assert.notEqual(step.id, part.id)
    assert.deepEqual([isCalled(step, part.id), isCalled(step, other.id)], [true, false])
  })

  it('is a pass where nobody noted whose change it was, and nothing where no line is left', () => {
    const old = { taken: null, batch: 'pass' }
    const steps = undoSteps([
      record('a', 1, old),
      record('b', 2, old),
      record('c', 3, { taken: null, batch: 'unknown' }),
    ])
    assert.deepEqual(
      steps.map(({ id, records }) => [id, records.length]),
      [['pass', 2]],
    )
  })
})

describe('a path that changed twice in a step', () => {
  it('goes back to what it was before the first, and counts once', () => {
    const records = [record('a', SECOND, { became: NEW }), record('a', SECOND + 2, { hash: NEW, became: 'deleted' })]
    const [target, another] = targetsOf(records.toReversed())
    assert.deepEqual([target?.version.hash, target?.became, another], [OLD, 'deleted', undefined])
    assert.deepEqual(
      undoSteps(records).map(({ deleted, replaced }) => [deleted, replaced]),
      [[1, 0]],
    )
  })
})

describe('what is at a path when its step is taken back', () => {
  const cases: readonly (readonly [string, Became | null, Became | null, Became | null, string])[] = [
    ['nothing, as the step left it', 'deleted', null, OLD, 'bring-back'],
    ['what the step made of it', NEW, NEW, OLD, 'bring-back'],
    ['what it was before: it was taken back already', NEW, OLD, OLD, 'already'],
    ['what it was before, after a deletion', 'deleted', OLD, OLD, 'already'],
    ['what a person wrote since', NEW, NEWER, OLD, 'changed'],
    ['what a person wrote where it was deleted', 'deleted', NEWER, OLD, 'changed'],
    ['nothing, since a person deleted it later', NEW, null, OLD, 'changed'],
    ['a directory', 'directory', 'directory', OLD, 'changed'],
    ['nothing, and nobody noted what the step did', null, null, OLD, 'bring-back'],
    ['something, and nobody noted what the step did', null, NEW, OLD, 'changed'],
  ]
  for (const [what, became, now, before, expected] of cases) {
    it(`${expected}: ${what}`, () => assert.equal(judge({ became }, now, before), expected))
  }
})
