/** What heads and segments of another device change here, when they are right and when they are not. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Signed } from '../../protocol/crypto.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { deviceIdOf, folderIdOf } from '../../protocol/ids.ts'
import { GROUP_DEVICES_MAX, VECTOR_DEVICES_MAX } from '../../protocol/limits.ts'
import { scaled } from '../scale.ts'
import { BEN, CLEO, Receiver, logOf } from './receiver.ts'
import { ScriptedLog } from './scripted-log.ts'

const OTHER_FOLDER = folderIdOf(new Uint8Array(16).fill(8))

describe('a segment of another device', () => {
  it('is taken in its turn, and what is new replaces what was said before', () => {
    using anna = new Receiver()
    const log = logOf(['a', 'b'], ['a'])
    assert.deepEqual(anna.head(log.head()), { kind: 'want', epoch: log.epoch, fromSegNo: 0 })
    assert.equal(anna.segments(log.segments, log.head()), true)
    assert.deepEqual(anna.says, ['a 3', 'b 2'])
    assert.deepEqual(anna.head(log.head()), { kind: 'complete', position: { epoch: log.epoch, seq: 3 } })
  })

  it('is refused when it is forged, and changes nothing', () => {
    using anna = new Receiver()
    const log = logOf(['a'])
    anna.follow(log)
    const cleo = new ScriptedLog(CLEO, log.epoch)
    const flipped = log.sealed({})
    flipped.body[flipped.body.length - 30] = (flipped.body.at(-30) ?? 0) ^ 1
    const { body } = log.sealed({})
    const forged: [string, string, Signed][] = [
      ['signed by another member in its name', 'bad-signature', log.sealed({}, CLEO)],
      ['changed after it was signed', 'bad-signature', flipped],
      ['under the signature of another segment', 'bad-signature', { ...log.sealed({ segNo: 7 }), body }],
      ['of another member, who signed it', 'bad-field', cleo.sealed({})],
      ['of another folder', 'bad-field', log.sealed({ folder: OTHER_FOLDER })],
    ]
    for (const [why, code, segment] of forged) anna.refuses(() => anna.segments([segment], log.head()), code, why)
    assert.equal(anna.segments([log.sealed({})], log.head()), true, 'the right one is taken after all of them')
  })

  it('is refused when it is out of its chain, and changes nothing', () => {
    using anna = new Receiver()
    const log = logOf(['a'], ['b', 'c'])
    anna.follow(log)
    const broken: [string, Signed][] = [
      ['links to none', log.sealed({ prevHash: null })],
      ['leaves a number out', log.sealed({ firstSeq: 5 })],
      ['takes a number twice', log.sealed({ firstSeq: 3 })],
    ]
    for (const [why, segment] of broken) anna.refuses(() => anna.segments([segment], log.head()), 'broken-chain', why)
    assert.equal(anna.segments([log.sealed({ segNo: 3 })], log.head()), false, 'one that comes after the next')
    assert.deepEqual(anna.says, ['a 1', 'b 2', 'c 3'])
    assert.equal(anna.position?.nextSegNo, 2)
  })

  it('is refused when a vector is full of invented devices: every member has to have room in it', () => {
    using anna = new Receiver()
    const log = logOf(['a'])
    anna.follow(log)
    const full = (strangers: number): Signed => {
      const invented = Array.from({ length: strangers }, (_, i) => deviceIdOf(new Uint8Array(32).fill(i + 1)))
      const named = [...invented, BEN.device].sort().map((device): [DeviceId, number] => [device, 7])
      return log.sealed({ entries: [{ ...log.directory('full'), version: named }] })
    }
    const tooMany = VECTOR_DEVICES_MAX - GROUP_DEVICES_MAX + 1
    anna.refuses(() => anna.segments([full(tooMany)], log.head()), 'bad-field', 'more than there is room for')
    assert.equal(anna.segments([full(tooMany - 1)], log.head()), true, 'the log of the group may be behind')
  })

  it('that continues another log of its device stops all taking from it, until its next epoch', () => {
    using anna = new Receiver()
    const log = logOf(['a'])
    anna.follow(log)
    const fork = logOf(['other'], ['b'])
    const [, second] = fork.segments
    assert.ok(second)
    assert.equal(anna.segments([second], fork.head()), false)
    assert.equal(anna.position?.isEquivocal, true)
    assert.deepEqual(anna.events, ['peer.equivocation'])
    log.add('c')
    for (const each of [log, fork]) {
      assert.equal(anna.segments(each.segments, each.head()), false)
      assert.deepEqual(anna.head(each.head()), { kind: 'equivocation', epoch: log.epoch })
    }
    assert.deepEqual([anna.says, anna.events], [['a 1'], ['peer.equivocation']], 'it is told once')
    const next = new ScriptedLog(BEN, log.epoch + 1)
    next.add('d')
    anna.follow(next)
    assert.deepEqual(anna.says, ['d 1'])
  })

  it('changes nothing when it is replayed', () => {
    using anna = new Receiver()
    const log = logOf(['a'], ['a'])
    anna.follow(log)
    const before = anna.position
    assert.equal(anna.segments(log.segments, log.head()), false)
    assert.deepEqual([anna.says, anna.position], [['a 2'], before])
    const next = new ScriptedLog(BEN, log.epoch + 1)
    next.add('b')
    anna.follow(next)
    assert.equal(anna.segments([...log.segments, log.sealed({})], next.head()), false, 'of an epoch that is over')
    assert.deepEqual(anna.says, ['b 1'])
  })

  it('is taken once and in order, whatever the order and the number of times in which all of them come', () => {
    const log = logOf(['a'], ['b'], ['a', 'c'], ['b'], ['d'])
    const counts = [0, 1, 2, 4, 5, 6]
    const deliveries = fc.array(fc.nat(log.segments.length - 1), { maxLength: 30 })
    fc.assert(
      fc.property(deliveries, (order) => {
        using anna = new Receiver()
        anna.head(log.head())
        let next = 0
        for (const segNo of order) {
          const segment = log.segments[segNo]
          assert.ok(segment)
          assert.equal(anna.segments([segment], log.head()), segNo === next)
          if (segNo === next) next += 1
        }
        assert.equal(anna.position?.nextSegNo, next)
        assert.equal(anna.position.position.seq, counts[next])
      }),
      { numRuns: scaled({ small: 30, full: 200 }) },
    )
  })

  it('is not taken with a head that is forged', () => {
    using anna = new Receiver()
    const log = logOf(['a'])
    anna.follow(log)
    const next = log.sealed({})
    const heads: [string, string, Signed][] = [
      ['signed by another member', 'bad-signature', log.head({}, CLEO)],
      ['of another member', 'bad-field', new ScriptedLog(CLEO).head()],
      ['of another folder', 'bad-field', log.head({ folder: OTHER_FOLDER })],
    ]
    for (const [why, code, head] of heads) anna.refuses(() => anna.segments([next], head), code, why)
  })

  it('is not taken of a device that has said nothing of the folder', () => {
    using anna = new Receiver()
    const log = logOf(['a'])
    assert.equal(anna.segments(log.segments, log.head()), false)
    assert.deepEqual(anna.says, [])
  })
})

describe('a head of another device', () => {
  it('asks for what is new, and for nothing else', () => {
    using anna = new Receiver()
    const log = logOf(['a'], ['b'])
    anna.follow(log)
    log.add('c')
    log.add('d')
    assert.deepEqual(anna.head(log.head()), { kind: 'want', epoch: log.epoch, fromSegNo: 2 })
    anna.segments(log.segments.slice(2, 3), log.head())
    assert.deepEqual(anna.head(log.head()), { kind: 'want', epoch: log.epoch, fromSegNo: 3 })
  })

  it('is ignored when it was rolled back', () => {
    using anna = new Receiver()
    const log = logOf(['a'])
    const [oldHead, oldEpoch] = [log.head(), new ScriptedLog(BEN, log.epoch - 1)]
    for (const name of ['x', 'y', 'z']) oldEpoch.add(name)
    log.add('b')
    anna.follow(log)
    const before = anna.position
    for (const head of [oldHead, oldEpoch.head(), oldEpoch.head({ previous: { epoch: log.epoch, seq: 2 } })]) {
      assert.deepEqual(anna.head(head), { kind: 'stale', known: { epoch: log.epoch, seq: 2 } })
      assert.equal(anna.segments(oldEpoch.segments, head), false)
    }
    assert.deepEqual([anna.says, anna.position], [['a 1', 'b 2'], before])
  })

  it('begins anew with its epoch: what was said before is forgotten', () => {
    using anna = new Receiver()
    anna.follow(logOf(['a'], ['b']))
    const next = new ScriptedLog(BEN, logOf().epoch + 1)
    next.add('c')
    assert.deepEqual(anna.head(next.head()), { kind: 'want', epoch: next.epoch, fromSegNo: 0 })
    assert.deepEqual(anna.says, [])
  })

  it('carries over what was said before, exactly where it names the position that is known', () => {
    for (const [seq, says] of [
      [2, ['a 1', 'b 2']],
      [1, []],
      [3, []],
    ] as const) {
      using anna = new Receiver()
      const log = logOf(['a'], ['b'])
      anna.follow(log)
      const next = new ScriptedLog(BEN, log.epoch + 1)
      const head = next.head({ previous: { epoch: log.epoch, seq } })
      assert.deepEqual(anna.head(head), { kind: 'complete', position: { epoch: next.epoch, seq: 0 } })
      assert.deepEqual(anna.says, says)
    }
  })

  it('that contradicts another stops all taking from the device, until its next epoch', () => {
    using anna = new Receiver()
    const log = logOf(['a'])
    anna.follow(log)
    const fork = logOf()
    fork.add('other')
    assert.deepEqual(anna.head(fork.head()), { kind: 'equivocation', epoch: log.epoch })
    assert.deepEqual(anna.events, ['peer.equivocation'])
    log.add('b')
    for (const each of [log, fork]) {
      assert.deepEqual(anna.head(each.head()), { kind: 'equivocation', epoch: log.epoch })
      assert.equal(anna.segments(each.segments, each.head()), false)
    }
    assert.deepEqual(anna.says, ['a 1'])
    assert.deepEqual(anna.events, ['peer.equivocation'], 'it is told once')

    const next = new ScriptedLog(BEN, log.epoch + 1)
    next.add('c')
    anna.follow(next)
    assert.deepEqual(anna.says, ['c 1'])
  })

  it('is refused when it is forged, and changes nothing', () => {
    using anna = new Receiver()
    const log = logOf(['a'])
    anna.follow(log)
    log.add('b')
    anna.refuses(() => anna.head(log.head({}, CLEO)), 'bad-signature', 'signed by another member')
    anna.refuses(() => anna.head(new ScriptedLog(CLEO).head()), 'bad-field', 'of another member')
    anna.refuses(() => anna.head(log.head({ folder: OTHER_FOLDER })), 'bad-field', 'of another folder')
  })
})
