/** A log that begins anew with what it says now: who has all of it fetches nothing, and no moment is a bad one to die. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { OwnHead } from '../../daemon/catalogue-port.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { Signed } from '../../protocol/crypto.ts'
import { openHead, openSegment } from '../../protocol/manifest.ts'
import { crashAtCall } from '../sim/disk.ts'
import { recordFigure } from '../figures.ts'
import { scaled } from '../scale.ts'
import { isEqual } from '../sim/judge.ts'
import { DaemonBench, ScriptedMember } from './daemon-bench.ts'
import { ScriptedLog } from './scripted-log.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

const crypto = createNativeCrypto()
const SUPERSEDED_MIN = 12
const FILES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'].map((name) => `${name}.txt`)

const headOf = ({ daemon }: Place): OwnHead | undefined => daemon.catalogue.read((tx) => tx.ownHead(FOLDER))
const epochOf = (place: Place): number => headOf(place)?.epoch ?? 0
const isSame = (...places: readonly Place[]): boolean =>
  isEqual(
    places.map(({ daemon }) => daemon),
    FOLDER,
  )
const knownEpoch = (at: Place, of: Place): number | undefined =>
  at.daemon.catalogue.read((tx) => tx.peerPosition(FOLDER, of.device.id))?.position.epoch

/** Anna and Ben are the same, and Anna has edited so often that her log is due as soon as she edits once more. */
async function manyEdits(bench: FolderBench): Promise<{ anna: Place; ben: Place; epoch: number }> {
  const [anna, ben] = [bench.place('anna'), bench.place('ben')]
  for (const name of FILES) anna.write(name, 'first')
  await bench.until('both are the same', () => isSame(anna, ben) && ben.read('one.txt') === 'first')
  const epoch = epochOf(anna)
  const edits = [...FILES, ...FILES.slice(0, SUPERSEDED_MIN - FILES.length - 1)]
  for (const [i, name] of edits.entries()) {
    anna.write(name, `edit ${i}`)
    // Each in a segment of its own, at the end.
    if (i >= FILES.length) await bench.world.runFor(500)
    else if (i === FILES.length - 1) await bench.world.runFor(2000)
  }
  await bench.until('the edits are there', () => isSame(anna, ben) && isAcked(anna, ben))
  assert.equal(epochOf(anna), epoch, 'not yet')
  return { anna, ben, epoch }
}

/** Whether the other one has said that it has all of the log. */
function isAcked({ daemon }: Place, { device }: Place): boolean {
  const own = daemon.catalogue.read((tx) => tx.ownHead(FOLDER))
  const acked = daemon.sync.engine.get(FOLDER)?.remotes.get(device.id)?.acked
  return acked?.epoch === own?.epoch && acked?.seq === own?.lastSeq
}

/** What a device keeps of its own log. */
function segmentsOf(place: Place): readonly Signed[] {
  return place.daemon.catalogue.read((tx) => tx.segments(FOLDER, epochOf(place), 0, Number.MAX_SAFE_INTEGER))
}

describe('a log of which more than half is superseded', () => {
  it('begins anew with what it says now, and nobody fetches anything again', async () => {
    await using bench = createFolderBench(1, { supersededMin: SUPERSEDED_MIN })
    const { anna, ben, epoch } = await manyEdits(bench)
    anna.write('one.txt', 'last')
    await bench.until(
      'a new epoch, which Ben has heard',
      () => epochOf(anna) > epoch && knownEpoch(ben, anna) !== epoch,
    )
    const bytes = bench.world.network.bytesBetween(anna.device.id, ben.device.id)
    await bench.world.runFor(2000)
    assert.ok(isSame(anna, ben))
    const more = bench.world.network.bytesBetween(anna.device.id, ben.device.id) - bytes
    assert.ok(more < 100, `${more} bytes more than what Anna has of Ben's log`)
    assert.equal(knownEpoch(ben, anna), epochOf(anna))
    const position = ben.daemon.catalogue.read((tx) => tx.peerPosition(FOLDER, anna.device.id))
    assert.equal(position?.nextSegNo, null, 'no segment of the new epoch was fetched')
    assert.equal(position.position.seq, FILES.length)
    assert.deepEqual(
      segmentsOf(anna)
        .flatMap((signed) => openSegment(signed, crypto).entries.map(({ path }) => path))
        .sort(),
      [...FILES].sort(),
    )
  })

  it('goes on behind it: what is new is pushed, and after a new session too', async () => {
    await using bench = createFolderBench(2, { supersededMin: SUPERSEDED_MIN })
    const { anna, ben, epoch } = await manyEdits(bench)
    anna.write('one.txt', 'last')
    await bench.until('a new epoch', () => epochOf(anna) > epoch && knownEpoch(ben, anna) === epochOf(anna))
    ben.kill()
    anna.write('two.txt', 'while Ben was away')
    await bench.world.runFor(5000)
    ben.begin()
    await bench.until('Ben has it', () => ben.read('two.txt') === 'while Ben was away' && isSame(anna, ben))
    anna.write('three.txt', 'while he is there')
    await bench.until('Ben has that, too', () => ben.read('three.txt') === 'while he is there' && isSame(anna, ben))
    const position = ben.daemon.catalogue.read((tx) => tx.peerPosition(FOLDER, anna.device.id))
    assert.equal(position?.position.epoch, epochOf(anna))
    assert.equal(position.nextSegNo, headOf(anna)?.nextSegNo)
  })

  it('is carried over by who had all of it and did not hear how the new one began', async () => {
    await using bench = createFolderBench(3, { supersededMin: SUPERSEDED_MIN })
    const { anna, ben, epoch } = await manyEdits(bench)
    anna.catalogue.onTransact = () => {
      if (epochOf(anna) > epoch) bench.world.network.cut(anna.device.id, ben.device.id)
    }
    anna.write('one.txt', 'last')
    await bench.until('a new epoch', () => epochOf(anna) > epoch)
    anna.catalogue.onTransact = () => undefined
    anna.write('two.txt', 'meanwhile')
    await bench.world.runFor(30_000)
    assert.equal(knownEpoch(ben, anna), epoch, 'Ben has not heard of it')
    const forgotten: string[] = []
    ben.catalogue.onTransact = () => {
      const known = ben.daemon.catalogue.read((tx) => tx.entriesHeldBy(FOLDER, anna.device.id, null, 10))
      if (known.length < FILES.length) forgotten.push('rows')
    }
    bench.world.network.heal(anna.device.id, ben.device.id)
    await bench.until('Ben has what is new', () => ben.read('two.txt') === 'meanwhile' && isSame(anna, ben))
    assert.deepEqual(forgotten, [], 'his rows stayed')
    assert.equal(knownEpoch(ben, anna), epochOf(anna))
  })

  it('waits for who is away, for a while; who was away too long fetches all of it, and loses nothing', async () => {
    await using bench = createFolderBench(4, { supersededMin: SUPERSEDED_MIN })
    const { anna, ben, epoch } = await manyEdits(bench)
    ben.kill()
    await bench.world.runFor(20_000)
    for (const text of ['a', 'b', 'c']) {
      anna.write('two.txt', text)
      await bench.world.runFor(3000)
    }
    assert.equal(epochOf(anna), epoch, 'Ben is waited for')
    for (let i = 0; epochOf(anna) === epoch; i += 1) {
      assert.ok(i < 40, 'for ever')
      anna.write('three.txt', `text ${i}`)
      await bench.world.runFor(3000)
    }
    ben.write('by-ben.txt', 'written by Ben meanwhile')
    ben.begin()
    await bench.until('both are the same', () => isSame(anna, ben) && anna.read('by-ben.txt') !== undefined)
    assert.equal(ben.read('three.txt'), anna.read('three.txt'))
    assert.equal(knownEpoch(ben, anna), epochOf(anna))
  })

  it('does not wait for a device that was removed', async () => {
    await using bench = createFolderBench(5, { supersededMin: SUPERSEDED_MIN })
    const { anna, ben, epoch } = await manyEdits(bench)
    ben.kill()
    await bench.world.runFor(20_000)
    anna.write('two.txt', 'b')
    anna.write('three.txt', 'c')
    await bench.world.runFor(10_000)
    assert.equal(epochOf(anna), epoch, 'Ben is waited for')
    bench.remove(ben)
    await bench.until('a new epoch', () => epochOf(anna) > epoch)
  })

  it('is fetched whole by a device that is new', async () => {
    await using bench = createFolderBench(6, { supersededMin: SUPERSEDED_MIN })
    const { anna, ben, epoch } = await manyEdits(bench)
    anna.write('one.txt', 'last')
    await bench.until('a new epoch', () => epochOf(anna) > epoch)
    anna.write('two.txt', 'after')
    await bench.until('Ben has it', () => isSame(anna, ben) && ben.read('two.txt') === 'after')
    const cleo = bench.place('cleo')
    await bench.until('Cleo, too', () => isSame(anna, ben, cleo) && cleo.read('one.txt') === 'last')
    assert.equal(cleo.read('two.txt'), 'after')
  })

  it('may be cut off by a kill or a power cut at any step: the old epoch stays, or the new one is whole', async () => {
    let points = 0
    for (const power of scaled({ small: [true], full: [false, true] })) {
      for (let at = 1; ; at += 1) {
        const wasReached = await killAt(at, power)
        if (!wasReached) break
        points += 1
      }
    }
    assert.ok(points >= 7, `${points} points`)
    recordFigure('compaction-kills', { 'kills at the steps of a compaction': points })
  })

  it('may be cut off while its head is written to its file', async () => {
    for (let call = 1; call <= 4; call += 1) await killAtCall(call)
  })
})

/** Anna dies at one of the transactions of a compaction, and begins again. @returns whether there are so many of them */
async function killAt(at: number, power: boolean): Promise<boolean> {
  await using bench = createFolderBench(at, { supersededMin: SUPERSEDED_MIN })
  const { anna, ben, epoch } = await manyEdits(bench)
  const seen = { count: 0, isOver: false }
  anna.catalogue.onTransact = () => {
    const hasBegun = seen.count > 0 || (headOf(anna)?.lastSeq ?? 0) >= FILES.length + SUPERSEDED_MIN
    if (!hasBegun || seen.isOver) return
    seen.count += 1
    if (seen.count !== at) return
    seen.isOver = true
    anna.device.kill({ power })
    if (power) anna.catalogue.cutPower()
  }
  anna.write('one.txt', 'last')
  await bench.world.runFor(3000)
  anna.catalogue.onTransact = () => undefined
  if (!seen.isOver) return false
  anna.begin()
  await endsWell(bench, { anna, ben, epoch })
  return true
}

async function killAtCall(call: number): Promise<void> {
  await using bench = createFolderBench(call, { supersededMin: SUPERSEDED_MIN })
  const { anna, ben, epoch } = await manyEdits(bench)
  anna.catalogue.onTransact = () => {
    if (epochOf(anna) === epoch) return
    anna.catalogue.onTransact = () => undefined
    crashAtCall(anna.device.disk, call, { power: true, isDone: call % 2 === 0 })
  }
  anna.device.onKill(() => anna.catalogue.cutPower())
  anna.write('one.txt', 'last')
  await bench.world.runFor(5000)
  if (anna.device.life !== undefined) anna.kill()
  anna.begin()
  await endsWell(bench, { anna, ben, epoch })
}

async function endsWell(bench: FolderBench, o: { anna: Place; ben: Place; epoch: number }): Promise<void> {
  const { anna, ben, epoch } = o
  await bench.until('both are the same', () => isSame(anna, ben) && ben.read('one.txt') === 'last')
  assert.equal(segmentsOf(anna).length, headOf(anna)?.nextSegNo, 'the log is whole')
  anna.write('two.txt', 'afterwards')
  await bench.until('both go on', () => isSame(anna, ben) && ben.read('two.txt') === 'afterwards')
  await bench.until('a new epoch, after all', () => epochOf(anna) > epoch && knownEpoch(ben, anna) === epochOf(anna))
  const position = ben.daemon.catalogue.read((tx) => tx.peerPosition(FOLDER, anna.device.id))
  assert.equal(position?.isEquivocal, false)
  assert.equal(position.position.seq, headOf(anna)?.lastSeq)
  const files = [...FILES, 'two.txt'].map((name) => [anna.read(name), ben.read(name)])
  for (const [here, there] of files) assert.equal(there, here)
}

describe('a Holt that knows nothing of compaction', () => {
  it('fetches the new epoch whole, from its first segment on', async () => {
    await using bench = new DaemonBench(1)
    const [annas, bens] = [bench.device('anna'), bench.device('ben')]
    annas.hands.write('/photos/a.txt', 'first')
    const anna = bench.begin(annas, 'added', { supersededMin: 3 })
    const ben = new ScriptedMember(bens, annas.id)
    const log = new ScriptedLog(bens.signer, 1)
    const epoch = (): number => anna.catalogue.read((tx) => tx.ownHead(FOLDER))?.epoch ?? 0
    await bench.until(() => ben.isInSession && epoch() > 0, 'a session')
    ben.greet(log.head())
    const before = epoch()
    for (let i = 0; epoch() === before; i += 1) {
      assert.ok(i < 20, 'never compacted')
      annas.hands.write('/photos/a.txt', `edit ${i}`)
      await bench.world.runFor(3000)
    }
    await bench.until(
      () => ben.heard.some((each) => each.kind === 'head' && openHead(each.head, crypto).epoch > before),
      'a head',
    )
    ben.say({ kind: 'want', folder: FOLDER, epoch: epoch(), fromSegNo: 0 })
    ben.take('segments')
    await bench.until(() => ben.heard.some(({ kind }) => kind === 'segments'), 'its segments')
    const [answer] = ben.take('segments')
    assert.ok(answer)
    const opened = answer.segments.map((each) => openSegment(each, crypto))
    assert.deepEqual(
      opened.map(({ segNo, firstSeq }) => [segNo, firstSeq]),
      [[0, 1]],
    )
    assert.deepEqual(
      opened.flatMap(({ entries }) => entries.map(({ path }) => path)),
      ['a.txt'],
    )
  })

  it('is sent what follows where it only looks at an offer, and no more', async () => {
    await using bench = new DaemonBench(2)
    const [annas, bens] = [bench.device('anna'), bench.device('ben')]
    annas.hands.write('/photos/a.txt', 'first')
    const anna = bench.begin(annas, 'added', { supersededMin: 3 })
    const ben = new ScriptedMember(bens, annas.id)
    await bench.until(() => ben.isInSession, 'a session')
    ben.say({ kind: 'hello', release: 'scripted', folders: [] })
    const startOf = () => anna.catalogue.read((tx) => tx.epochStart(FOLDER))
    for (let i = 0; startOf() === undefined; i += 1) {
      assert.ok(i < 20, 'never compacted')
      annas.hands.write('/photos/a.txt', `edit ${i}`)
      await bench.world.runFor(3000)
    }
    annas.hands.write('/photos/b.txt', 'after')
    await bench.world.runFor(3000)
    const start = startOf()
    assert.ok(start)
    ben.heard.length = 0
    ben.say({ kind: 'ack', folder: FOLDER, position: start.position })
    await bench.world.runFor(2000)
    const said = ben.heard.filter(({ kind }) => kind !== 'ping')
    assert.deepEqual(
      said.map(({ kind }) => kind),
      ['segments'],
    )
    const [{ segments: signed } = { segments: [] }] = ben.take('segments')
    assert.deepEqual(
      signed.map((each) => openSegment(each, crypto).firstSeq),
      [start.position.seq + 1],
    )
  })
})
