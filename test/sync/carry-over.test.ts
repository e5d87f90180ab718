/** A new epoch of another device's log that says the same as the one before it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Signed } from '../../protocol/crypto.ts'
import type { Position } from '../../protocol/manifest.ts'
import { BEN, Receiver, logOf } from './receiver.ts'
import { ScriptedLog } from './scripted-log.ts'

describe('an epoch that carries over what was said in the one before it', () => {
  const DIGEST = new Uint8Array(32).fill(9)

  /** Ben's log to its end, and his next epoch, which says the same in one segment. */
  function compacted(anna: Receiver): { log: ScriptedLog; next: ScriptedLog; start: Signed; previous: Position } {
    const log = logOf(['a'], ['b'], ['a'])
    anna.follow(log)
    const next = new ScriptedLog(BEN, log.epoch + 1)
    next.add('b', 'a')
    const previous = { epoch: log.epoch, seq: log.lastSeq }
    return { log, next, start: next.head({ previous }), previous }
  }

  it('is whole without any of its segments, and goes on behind them', () => {
    using anna = new Receiver()
    const { next, start } = compacted(anna)
    const says = anna.says
    assert.deepEqual(anna.head(start), { kind: 'complete', position: { epoch: next.epoch, seq: 2 } })
    assert.deepEqual(anna.says, says)
    const carried = { epoch: next.epoch, seq: next.lastSeq }
    next.add('c')
    const head = next.head({ previous: carried })
    assert.deepEqual(anna.head(head), { kind: 'go-on', position: carried })
    assert.equal(anna.segments(next.segments, head), true, 'those that are carried over are passed over')
    assert.deepEqual(anna.says, [...says, 'c 3'])
    assert.deepEqual(anna.head(head), { kind: 'complete', position: { epoch: next.epoch, seq: 3 } })
    assert.equal(anna.position?.nextSegNo, 2)
  })

  it('is asked once how it began, where it has gone on since', () => {
    using anna = new Receiver()
    const { next, start, previous } = compacted(anna)
    const says = anna.says
    const carried = { epoch: next.epoch, seq: next.lastSeq }
    next.add('c')
    const head = next.head({ previous: carried, stateDigest: DIGEST })
    assert.deepEqual(anna.head(head), { kind: 'ask-start', position: previous })
    assert.deepEqual(anna.says, says, 'nothing is forgotten meanwhile')
    assert.deepEqual(anna.head(start, false), { kind: 'complete', position: carried })
    assert.deepEqual(anna.says, says)

    using cleo = new Receiver()
    compacted(cleo)
    assert.deepEqual(cleo.head(head, false), { kind: 'want', epoch: next.epoch, fromSegNo: 0 }, 'no answer came')
  })

  it('is fetched whole where it does not add up to what is known, or names another end', () => {
    for (const lie of [{ stateDigest: DIGEST }, { previous: { epoch: 1, seq: 3 } }]) {
      using anna = new Receiver()
      const { next, previous } = compacted(anna)
      const head = next.head({ previous, ...lie })
      assert.deepEqual(anna.head(head), { kind: 'want', epoch: next.epoch, fromSegNo: 0 })
      assert.deepEqual(anna.says, [])
      anna.segments(next.segments, head)
      assert.deepEqual(anna.says, ['a 2', 'b 1'])
    }
  })

  it('is fetched whole by who is not at the end of the one before, and by who saw two of those', () => {
    using anna = new Receiver()
    const log = logOf(['a'], ['b'])
    anna.head(log.head())
    anna.segments(log.segments.slice(0, 1), log.head())
    const next = new ScriptedLog(BEN, log.epoch + 1)
    next.add('a', 'b')
    const want = { kind: 'want', epoch: next.epoch, fromSegNo: 0 }
    assert.deepEqual(anna.head(next.head({ previous: { epoch: log.epoch, seq: 2 } })), want)

    using cleo = new Receiver()
    const known = compacted(cleo)
    const fork = logOf(['a'], ['b'], ['other'])
    cleo.head(fork.head())
    assert.equal(cleo.position?.isEquivocal, true)
    assert.deepEqual(cleo.head(known.start), { ...want, epoch: known.next.epoch })
  })

  it('is equivocal where a segment continues another log than the one that its head ended', () => {
    using anna = new Receiver()
    const { next, start } = compacted(anna)
    anna.head(start)
    assert.equal(anna.segments([next.sealed({ segNo: 3 })], start), false, 'more segments than entries')
    assert.equal(anna.position?.isEquivocal, false)
    const fork = new ScriptedLog(BEN, next.epoch)
    fork.add('a', 'other')
    assert.equal(anna.segments([fork.sealed({})], fork.head()), false)
    assert.equal(anna.position.isEquivocal, true)

    using cleo = new Receiver()
    compacted(cleo)
    cleo.head(start)
    assert.deepEqual(cleo.head(fork.head()), { kind: 'equivocation', epoch: next.epoch })
  })
})
