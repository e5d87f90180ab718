/** Paths that a device ignores: it says nothing of them, and neither sends nor deletes them. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ROOT } from '../sim/daemon.ts'
import { DaemonBench } from './daemon-bench.ts'

/** Longer than a full scan. */
const LATER_MS = 200_000

describe('an ignored path', () => {
  it('is withdrawn and never deleted: it stays on every disk, whatever becomes of it elsewhere', async () => {
    await using bench = new DaemonBench(31)
    const [anna, ben] = [bench.device('anna'), bench.device('ben')]
    anna.hands.write(`${ROOT}/notes/draft.tmp`, 'a draft')
    anna.hands.write(`${ROOT}/notes/note.txt`, 'a note')
    bench.begin(anna, 'added')
    bench.begin(ben, 'accepted')
    await bench.untilEqual()
    anna.hands.write(`${ROOT}/.holtignore`, '*.tmp\n')
    await bench.untilEqual()
    assert.equal(ben.hands.readText(`${ROOT}/.holtignore`), '*.tmp\n')
    assert.equal(ben.hands.readText(`${ROOT}/notes/draft.tmp`), 'a draft')
    anna.hands.remove(`${ROOT}/notes/draft.tmp`)
    ben.hands.write(`${ROOT}/notes/other.tmp`, 'of ben alone')
    await bench.world.runFor(LATER_MS)
    await bench.untilEqual()
    assert.equal(ben.hands.readText(`${ROOT}/notes/draft.tmp`), 'a draft')
    assert.equal(anna.hands.readText(`${ROOT}/notes/other.tmp`), undefined)
  })

  it('is said again once it is no longer ignored, with what was deleted meanwhile', async () => {
    await using bench = new DaemonBench(32)
    const [anna, ben] = [bench.device('anna'), bench.device('ben')]
    anna.hands.write(`${ROOT}/kept.tmp`, 'kept')
    anna.hands.write(`${ROOT}/.holtignore`, '*.tmp\n')
    bench.begin(anna, 'added')
    bench.begin(ben, 'accepted')
    await bench.untilEqual()
    assert.equal(ben.hands.readText(`${ROOT}/kept.tmp`), undefined)
    ben.hands.remove(`${ROOT}/.holtignore`)
    await bench.untilEqual()
    await bench.world.runFor(LATER_MS)
    await bench.untilEqual()
    assert.equal(ben.hands.readText(`${ROOT}/kept.tmp`), 'kept')
  })
})
