/** When a log begins anew, and what a position that another device has acknowledged asks for. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { EpochStart, OwnHead } from '../../daemon/catalogue-port.ts'
import { compactionDue } from '../../daemon/core/compaction.ts'
import { assessAck } from '../../daemon/core/session.ts'
import { scaled } from '../scale.ts'

const MIN = 100
const SIGNED = { body: new Uint8Array(), signature: new Uint8Array() }

describe('a log that has grown', () => {
  it('is compacted once more than half of it is superseded, and that is worth it', () => {
    assert.equal(compactionDue({ entries: 199, current: 100 }, MIN), 'not-yet', 'not half')
    assert.equal(compactionDue({ entries: 180, current: 81 }, MIN), 'not-yet', 'half, of a small one')
    assert.equal(compactionDue({ entries: 2000, current: 1000 }, MIN), 'not-yet', 'just half')
    assert.equal(compactionDue({ entries: 2001, current: 1000 }, MIN), 'once-heard')
    assert.equal(compactionDue({ entries: 4000, current: 1000 }, MIN), 'once-heard')
    assert.equal(compactionDue({ entries: 4001, current: 1000 }, MIN), 'now', 'whoever is away is not waited for')
  })

  it('is not due again right after it was compacted, whatever it was', () => {
    const size = fc.record({ entries: fc.nat(100_000), current: fc.nat(50_000) })
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 5000 }), ({ current }, min) => {
        assert.equal(compactionDue({ entries: current, current }, min), 'not-yet')
      }),
      { numRuns: scaled({ small: 100, full: 2000 }) },
    )
  })
})

describe('a position of our log that another device acknowledges', () => {
  const own: OwnHead = {
    epoch: 20,
    lastSeq: 7,
    nextSegNo: 3,
    lastSegHash: null,
    hlc: { ms: 0, counter: 0 },
    signed: null,
  }
  const start: EpochStart = {
    signed: SIGNED,
    position: { epoch: 20, seq: 5 },
    previous: { epoch: 10, seq: 50 },
    nextSegNo: 2,
  }

  it('is pushed on from, at the end and where carried rows end', () => {
    assert.deepEqual(assessAck(own, start, { epoch: 20, seq: 7 }), { kind: 'push-from', segNo: 3 })
    assert.deepEqual(assessAck(own, start, { epoch: 20, seq: 5 }), { kind: 'push-from', segNo: 2 })
    assert.deepEqual(assessAck(own, undefined, { epoch: 20, seq: 5 }), { kind: 'nothing' })
  })

  it('in an epoch before is answered with how ours began, unless that is what was announced', () => {
    assert.deepEqual(assessAck(own, start, { epoch: 10, seq: 50 }), { kind: 'show-start', head: SIGNED })
    assert.deepEqual(assessAck(own, start, { epoch: 10, seq: 49 }), { kind: 'show-start', head: SIGNED })
    assert.deepEqual(assessAck({ ...own, lastSeq: 5 }, start, { epoch: 10, seq: 50 }), { kind: 'nothing' })
    assert.deepEqual(assessAck(own, undefined, { epoch: 10, seq: 50 }), { kind: 'nothing' })
  })

  it('beyond the end says that something of it was lost', () => {
    assert.deepEqual(assessAck(own, start, { epoch: 20, seq: 8 }), { kind: 'fallen-behind' })
    assert.deepEqual(assessAck(own, start, { epoch: 21, seq: 0 }), { kind: 'fallen-behind' })
  })
})
