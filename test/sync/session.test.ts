/** A session with a whole simulated daemon: what it asks for and sends, and what it takes of a member that lies. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { Signed } from '../../protocol/crypto.ts'
import { parseFolderId } from '../../protocol/ids.ts'
import { FOLDERS_MAX, HEAD_BYTES_MAX } from '../../protocol/limits.ts'
import type { MetaMessage } from '../../protocol/meta-messages.ts'
import { openHead, openSegment } from '../../protocol/manifest.ts'
import type { SimDaemon } from '../sim/daemon.ts'
import { ROOT } from '../sim/daemon.ts'
import type { SimDevice } from '../sim/world.ts'
import { DaemonBench, ScriptedMember } from './daemon-bench.ts'
import { FOLDER, ScriptedLog } from './scripted-log.ts'

const crypto = createNativeCrypto()
const EPOCH = 1_700_000_000_000

interface Scene {
  readonly anna: SimDaemon
  readonly ben: ScriptedMember
  readonly log: ScriptedLog
}

/** Anna's daemon, and Ben, who says what the test says. */
async function meet(bench: DaemonBench): Promise<Scene> {
  const [annas, bens] = [bench.device('anna'), bench.device('ben')]
  annas.hands.mkdir(`${ROOT}/from anna`)
  const anna = bench.begin(annas, 'added')
  const ben = new ScriptedMember(bens, annas.id)
  await bench.until(() => ben.isInSession, 'a session')
  return { anna, ben, log: new ScriptedLog(bens.signer, EPOCH) }
}

const segments = (log: ScriptedLog, from: number): MetaMessage => ({
  kind: 'segments',
  folder: FOLDER,
  head: log.head(),
  segments: log.segments.slice(from),
})
const has = ({ hands }: SimDevice, name: string): boolean => hands.exists(`${ROOT}/${name}`)
const pathsOf = (signed: readonly Signed[]): string[][] =>
  signed.map((each) => openSegment(each, crypto).entries.map(({ path }) => path))

/** Ben asks for all that Anna has, and acknowledges it. */
async function takeAll(bench: DaemonBench, { ben }: Scene): Promise<number> {
  const headOf = (): Signed | undefined => {
    const [hello] = ben.heard.filter(({ kind }) => kind === 'hello')
    const heads = ben.heard.filter(({ kind }) => kind === 'head')
    const last = heads.at(-1)
    if (last?.kind === 'head') return last.head
    return hello?.kind === 'hello' ? hello.folders[0]?.head : undefined
  }
  await bench.until(() => headOf() !== undefined, "Anna's head")
  const signed = headOf()
  assert.ok(signed)
  const { epoch } = openHead(signed, crypto)
  ben.say({ kind: 'want', folder: FOLDER, epoch, fromSegNo: 0 })
  await bench.until(() => ben.heard.some(({ kind }) => kind === 'segments'), "Anna's segments")
  return acknowledge(ben).length
}

/** Acknowledges what Ben got since the last time. @returns its segments */
function acknowledge(ben: ScriptedMember): Signed[] {
  const messages = ben.take('segments')
  const last = messages.at(-1)
  assert.ok(last)
  const { epoch, lastSeq: seq } = openHead(last.head, crypto)
  ben.say({ kind: 'ack', folder: FOLDER, position: { epoch, seq } })
  return messages.flatMap((message) => message.segments)
}

describe('a session', () => {
  it('pushes what is new as it is made, to who has all before it, and nothing else', async () => {
    await using bench = new DaemonBench(1)
    const scene = await meet(bench)
    const { anna, ben, log } = scene
    ben.greet(log.head())
    await takeAll(bench, scene)
    await bench.world.runFor(5_000)
    ben.heard.length = 0
    for (const name of ['first', 'second', 'third']) {
      anna.device.hands.mkdir(`${ROOT}/${name}`)
      await bench.until(() => ben.heard.some(({ kind }) => kind === 'segments'), `the push of ${name}`)
      assert.deepEqual(pathsOf(acknowledge(ben)), [[name]])
    }
    assert.deepEqual(
      ben.heard.filter(({ kind }) => kind !== 'ping'),
      [],
    )
  })

  it('sends from the segment that is asked for on, after a new start too', async () => {
    await using bench = new DaemonBench(2)
    const scene = await meet(bench)
    const { anna, ben, log } = scene
    ben.greet(log.head())
    const known = await takeAll(bench, scene)
    ben.leave()
    anna.device.hands.mkdir(`${ROOT}/meanwhile`)
    await bench.world.runFor(10_000)
    await bench.until(() => ben.isInSession, 'another session')
    await bench.until(() => ben.heard.some(({ kind }) => kind === 'hello'), 'a hello')
    ben.greet(log.head())
    const head = ben.take('hello').at(-1)?.folders[0]?.head
    assert.ok(head)
    ben.say({ kind: 'want', folder: FOLDER, epoch: openHead(head, crypto).epoch, fromSegNo: known })
    await bench.until(() => ben.heard.some(({ kind }) => kind === 'segments'), 'the rest')
    assert.deepEqual(pathsOf(ben.take('segments').flatMap((message) => message.segments)), [['meanwhile']])
  })

  it('asks for what is new only, after a new start too', async () => {
    await using bench = new DaemonBench(3)
    const { anna, ben, log } = await meet(bench)
    log.add('a')
    log.add('b')
    ben.greet(log.head())
    await bench.until(() => ben.heard.some(({ kind }) => kind === 'want'), 'a question')
    ben.say(segments(log, 0))
    await bench.until(() => has(anna.device, 'b'), 'the directories of Ben')
    assert.deepEqual(ben.take('want'), [{ kind: 'want', folder: FOLDER, epoch: EPOCH, fromSegNo: 0 }])

    log.add('c')
    ben.say(segments(log, 2))
    await bench.until(() => has(anna.device, 'c'), 'what was pushed')
    assert.deepEqual(ben.take('want'), [], 'what is pushed is not asked for')

    ben.leave()
    await bench.until(() => ben.isInSession, 'another session')
    log.add('d')
    ben.greet(log.head())
    await bench.until(() => ben.heard.some(({ kind }) => kind === 'want'), 'a question')
    assert.deepEqual(ben.take('want'), [{ kind: 'want', folder: FOLDER, epoch: EPOCH, fromSegNo: 3 }])
  })

  it('ends at the first forged segment, and nothing of it is taken', async () => {
    await using bench = new DaemonBench(4)
    const { anna, ben, log } = await meet(bench)
    log.add('a')
    ben.greet(log.head())
    ben.say(segments(log, 0))
    await bench.until(() => has(anna.device, 'a'), 'the directory of Ben')
    const forgeries = [
      log.sealed({ entries: [log.directory('forged')] }, anna.device.signer),
      log.sealed({ entries: [log.directory('out of its chain')], prevHash: null }),
      log.sealed({ entries: [log.directory('of Anna')], device: anna.device.id }, anna.device.signer),
    ]
    for (const forged of forgeries) {
      await bench.until(() => ben.isInSession, 'another session')
      const before = ben.sessions
      ben.greet(log.head())
      ben.say({ kind: 'segments', folder: FOLDER, head: log.head(), segments: [forged] })
      await bench.until(() => !ben.isInSession || ben.sessions > before, 'the end of the session')
    }
    await bench.world.runFor(10_000)
    assert.deepEqual(
      anna.device.hands.walk(ROOT).map(({ path }) => path),
      ['a', 'from anna'],
    )
  })

  it('ends where a peer speaks of more folders than a group has, or of a head that is larger than any', async () => {
    await using bench = new DaemonBench(14)
    const { ben, log } = await meet(bench)
    const folderNo = (i: number): typeof FOLDER => parseFolderId(i.toString(16).padStart(32, '0'))
    const large = { ...log.head(), body: new Uint8Array(HEAD_BYTES_MAX + 1) }
    const floods: MetaMessage[][] = [
      Array.from({ length: FOLDERS_MAX + 1 }, (_, i) => ({ kind: 'head', folder: folderNo(i), head: log.head() })),
      [{ kind: 'head', folder: folderNo(1), head: large }],
    ]
    for (const flood of floods) {
      await bench.until(() => ben.isInSession, 'another session')
      const before = ben.sessions
      ben.greet(log.head())
      ben.say(...flood)
      await bench.until(() => !ben.isInSession || ben.sessions > before, 'the end of the session')
    }
  })

  it('takes nothing more from a device that contradicts itself, and goes on with its next epoch', async () => {
    await using bench = new DaemonBench(5)
    const { anna, ben, log } = await meet(bench)
    log.add('a')
    ben.greet(log.head())
    ben.say(segments(log, 0))
    await bench.until(() => has(anna.device, 'a'), 'the directory of Ben')
    const fork = new ScriptedLog(ben.device.signer, EPOCH)
    fork.add('b')
    ben.say({ kind: 'head', folder: FOLDER, head: fork.head() })
    log.add('c')
    fork.add('d')
    ben.say(segments(log, 1), segments(fork, 1))
    await bench.world.runFor(20_000)
    assert.deepEqual([has(anna.device, 'c'), has(anna.device, 'd')], [false, false])

    const next = new ScriptedLog(ben.device.signer, EPOCH + 1)
    next.add('a', 'e')
    ben.say({ kind: 'head', folder: FOLDER, head: next.head() }, segments(next, 0))
    await bench.until(() => has(anna.device, 'e'), 'what the next epoch says')
  })

  it('answers a head that was rolled back with what is known, and takes nothing', async () => {
    await using bench = new DaemonBench(6)
    const { anna, ben, log } = await meet(bench)
    const old = log.head()
    log.add('a')
    const before = log.head()
    log.add('b')
    ben.greet(log.head())
    ben.say(segments(log, 0))
    await bench.until(() => has(anna.device, 'b'), 'the directories of Ben')
    ben.heard.length = 0
    ben.say({ kind: 'head', folder: FOLDER, head: before }, { kind: 'head', folder: FOLDER, head: old })
    await bench.until(() => ben.heard.filter(({ kind }) => kind === 'ack').length === 2, 'two answers')
    const known = { kind: 'ack', folder: FOLDER, position: { epoch: EPOCH, seq: 2 } }
    assert.deepEqual([ben.take('ack'), ben.take('want')], [[known, known], []])
    assert.ok(has(anna.device, 'b'))
  })

  it('begins another epoch when it is asked for segments that it never made', async () => {
    await using bench = new DaemonBench(7)
    const scene = await meet(bench)
    const { ben, log } = scene
    ben.greet(log.head())
    const known = await takeAll(bench, scene)
    const own = scene.anna.catalogue.read((tx) => tx.ownHead(FOLDER))
    assert.equal(own?.nextSegNo, known)
    ben.say({ kind: 'want', folder: FOLDER, epoch: own.epoch, fromSegNo: known })
    await bench.until(() => ben.heard.some(({ kind }) => kind === 'recall'), 'the question what Ben knows')
    ben.say({ kind: 'recalled', folder: FOLDER, head: null, entries: [], isLast: true })
    const epoch = (): number => scene.anna.catalogue.read((tx) => tx.ownHead(FOLDER))?.epoch ?? 0
    await bench.until(() => epoch() > own.epoch, 'another epoch')
    await bench.until(
      () => ben.heard.some((message) => message.kind === 'head' && openHead(message.head, crypto).epoch === epoch()),
      'its head',
    )
    assert.ok(has(scene.anna.device, 'from anna'))
  })
})
