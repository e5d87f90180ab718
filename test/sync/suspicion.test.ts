/** What is noticed of a member that is not what it was: two logs, older words, another time. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProtocolError } from '../../protocol/errors.ts'
import type { SegmentHash } from '../../protocol/ids.ts'
import { idBytes, segmentHashOf } from '../../protocol/ids.ts'
import { decodeClockAnswer, decodeClockQuestion, encodeClockAnswer } from '../../protocol/clock-messages.ts'
import { createLatch } from '../../daemon/sync/latch.ts'
import { askClock, serveClock, watchClocks } from '../../daemon/sync/clock-check.ts'
import type { SimPorts } from '../sim/world.ts'
import { createWorld } from '../sim/world.ts'
import type { SimDaemon } from '../sim/daemon.ts'
import { ROOT } from '../sim/daemon.ts'
import { DaemonBench, ScriptedMember } from './daemon-bench.ts'
import { FOLDER, ScriptedLog } from './scripted-log.ts'

const EPOCH = 1_700_000_000_000
const HOUR_MS = 3_600_000
const FOREVER = new AbortController().signal

describe('a member with two logs under the same numbers', () => {
  it('is told once in each session that it has gone on somewhere else', async () => {
    await using bench = new DaemonBench(31)
    const [annas, bens] = [bench.device('anna'), bench.device('ben')]
    bench.begin(annas, 'added')
    const ben = new ScriptedMember(bens, annas.id)
    await bench.until(() => ben.isInSession, 'a session')
    const [log, fork] = [new ScriptedLog(bens.signer, EPOCH), new ScriptedLog(bens.signer, EPOCH)]
    log.add('shown')
    fork.add('other')
    ben.greet(log.head())
    ben.say({ kind: 'segments', folder: FOLDER, head: log.head(), segments: log.segments })
    await bench.until(() => annas.hands.exists(`${ROOT}/shown`), 'the first log to be taken')
    ben.take('want')
    for (let i = 0; i < 3; i++) ben.say({ kind: 'head', folder: FOLDER, head: fork.head() })
    await bench.world.runFor(5_000)
    const wants = ben.take('want')
    assert.deepEqual(wants, [{ kind: 'want', folder: FOLDER, epoch: EPOCH, fromSegNo: Number.MAX_SAFE_INTEGER }])
    assert.ok(!annas.hands.exists(`${ROOT}/other`))
  })

  it('that was restored from a backup puts that right by itself: all are equal again, and nothing is lost', async () => {
    await using bench = new DaemonBench(32)
    const [annas, bens] = [bench.device('anna'), bench.device('ben')]
    const anna = bench.begin(annas, 'added')
    const ben = bench.begin(bens, 'accepted')
    bens.hands.mkdir(`${ROOT}/first`)
    await bench.untilEqual()
    const epoch = fork(ben)
    annas.hands.mkdir(`${ROOT}/of anna`)
    await bench.until(() => annas.hands.exists(`${ROOT}/restored`), 'what the restored device made')
    await bench.untilEqual()
    assert.ok(bens.hands.exists(`${ROOT}/of anna`) && annas.hands.exists(`${ROOT}/restored`))
    const known = anna.catalogue.read((tx) => tx.peerPosition(FOLDER, bens.id))
    assert.equal(known?.isEquivocal, false)
    assert.ok(known.position.epoch > epoch, 'it has begun a new epoch')
  })
})

/** Makes ben go on from another end of his log than the one that anna knows, as if he had been restored. @returns his epoch */
function fork({ device, catalogue }: SimDaemon): number {
  const own = catalogue.read((tx) => tx.ownHead(FOLDER))
  assert.ok(own !== undefined && own.lastSegHash !== null)
  const { lastSegHash } = own
  catalogue.transact({ isDurable: true }, (tx) => {
    tx.setOwnHead(FOLDER, { ...own, lastSegHash: otherHash(lastSegHash) })
  })
  device.hands.mkdir(`${ROOT}/restored`)
  return own.epoch
}

function otherHash(hash: SegmentHash): SegmentHash {
  const bytes = Uint8Array.from(idBytes(hash))
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return segmentHashOf(bytes)
}

describe('the clocks of two members', () => {
  async function clocks(skewMs: number): Promise<number[]> {
    const world = createWorld(`clock ${skewMs}`)
    const [here, there] = [world.device('here'), world.device('there')]
    const seen: number[] = []
    const started: SimPorts[] = []
    for (const device of [here, there]) device.start((ports) => void started.push(ports))
    await world.runUntil(() => started.length === 2, { withinMs: 1_000 })
    const [own, other] = started
    assert.ok(own && other)
    own.transport.admit(new Set([there.id]))
    other.transport.admit(new Set([here.id]))
    const skewed = { ...other.clock, wallMs: () => other.clock.wallMs() + skewMs }
    serveClock({ transport: other.transport, clock: skewed }, { signal: FOREVER })
    await world.runFor(5_000)
    const hasBegun = createLatch()
    const watch = {
      ...own,
      hasBegun,
      online: () => [there.id],
      onSeen: (_: unknown, aheadMs: number) => void seen.push(aheadMs),
    }
    watchClocks(watch, { signal: FOREVER }).catch(() => undefined)
    await world.runUntil(() => seen.length > 0, { withinMs: 60_000 })
    await world.runFor(60_000)
    return seen
  }

  it('are compared when a session begins, and not again at once', async () => {
    for (const skewMs of [0, 3 * HOUR_MS, -3 * HOUR_MS]) {
      const [aheadMs = NaN, ...more] = await clocks(skewMs)
      assert.ok(Math.abs(aheadMs - skewMs) < 2_000, `${aheadMs} ms instead of ${skewMs}`)
      assert.deepEqual(more, [])
    }
  })

  it('are unknown where the other is an older Holt', async () => {
    const world = createWorld('older')
    const [here, there] = [world.device('here'), world.device('there')]
    const answered: unknown[] = []
    here.start((ports) => {
      ports.transport.admit(new Set([there.id]))
      void ports.clock
        .sleep(5_000, { signal: FOREVER })
        .then(() => askClock(ports, there.id, { signal: FOREVER }))
        .then((aheadMs) => answered.push(aheadMs))
    })
    there.start(({ transport }) => transport.admit(new Set([here.id])))
    await world.runUntil(() => answered.length > 0, { withinMs: 60_000 })
    assert.deepEqual(answered, [undefined])
  })

  it('are said in frames that nothing else fits', () => {
    assert.equal(decodeClockAnswer(encodeClockAnswer(EPOCH)), EPOCH)
    assert.equal(decodeClockAnswer(encodeClockAnswer(-5)), 0)
    assert.throws(() => decodeClockAnswer(Uint8Array.of(0x80)), ProtocolError)
    assert.throws(() => decodeClockQuestion(encodeClockAnswer(1)), ProtocolError)
  })
})
