/** Taking back what others did: on any device, wherever the contents are kept. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FoundStep, Undone } from '../../daemon/sync/undo.ts'
import { findSteps, undoStep } from '../../daemon/sync/undo.ts'
import { scaled } from '../scale.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

const FILES = 60
/** Less than half: nobody is asked. */
const SOME = 25
const { signal } = new AbortController()

const nameOf = (i: number): string => (i % 5 === 0 ? `deep/${i % 2}/${i}.jpg` : `${i}.jpg`)
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const textsOf = (place: Place): (string | undefined)[] => numbers(FILES).map((i) => place.read(nameOf(i)))
const FULL = numbers(FILES).map((i) => `photo ${i}`)

async function threeEqual(bench: FolderBench): Promise<readonly [Place, Place, Place]> {
  const places = [bench.place('anna'), bench.place('ben'), bench.place('carol')] as const
  for (const i of numbers(FILES)) places[0].write(nameOf(i), `photo ${i}`)
  await bench.until('the first sync', () => places.every((place) => isFull(place)))
  await bench.world.runFor(5000)
  return places
}

const isFull = (place: Place): boolean => textsOf(place).every((text, i) => text === FULL[i])

function portsOf({ daemon }: Place) {
  const folder = daemon.sync.engine.folder(FOLDER)
  const held = daemon.sync.engine.get(FOLDER)
  assert.ok(folder && held)
  return { folder, held, ports: { transport: daemon.transport, clock: folder.deps.clock, self: daemon.transport.self } }
}

/** Runs something that waits in the simulated world. */
async function during<T>(bench: FolderBench, work: Promise<T>): Promise<T> {
  const done: { settled?: PromiseSettledResult<T> } = {}
  void Promise.allSettled([work]).then(([settled]) => Object.assign(done, { settled }))
  await bench.until('it is done', () => done.settled !== undefined)
  return work
}

async function stepsAt(bench: FolderBench, place: Place): Promise<readonly FoundStep[]> {
  const { ports, held, folder } = portsOf(place)
  return (await during(bench, findSteps(ports, held, folder, { signal }))).steps
}

async function undoAt(bench: FolderBench, place: Place, step?: FoundStep, isDryRun = false): Promise<Undone> {
  const { ports, held, folder } = portsOf(place)
  const chosen = step ?? (await stepsAt(bench, place))[0]
  assert.ok(chosen, 'there is a step')
  return during(bench, undoStep(ports, held, folder, chosen, { isDryRun, signal }))
}

const countOf = ({ paths }: Undone, kind: string): number => paths.filter((each) => each.kind === kind).length
const conflicts = (place: Place): string[] =>
  place.device.hands.walk('/photos').flatMap(({ path }) => (path.includes('.conflict-') ? [path] : []))

describe('a deletion that nobody was asked about', () => {
  for (const who of [0, 1, 2]) {
    it(`is taken back on all three devices by one of them: the ${['first', 'one that made it', 'third'][who]}`, async () => {
      await using bench = createFolderBench(who)
      const places = await threeEqual(bench)
      for (const i of numbers(SOME)) places[1].remove(nameOf(i))
      await bench.until('the deletions', () =>
        places.every((each) => textsOf(each).filter(Boolean).length === FILES - SOME),
      )
      await bench.world.runFor(5000)
      const place = places[who] ?? assert.fail()
      const steps = await stepsAt(bench, place)
      assert.deepEqual(
        steps.map(({ deleted, replaced, devices }) => [deleted, replaced, devices.length]),
        [[SOME, 0, 2]],
        'one step, kept by the two that did not make it',
      )
      const preview = await undoAt(bench, place, undefined, true)
      assert.deepEqual([countOf(preview, 'back'), textsOf(place).filter(Boolean).length], [SOME, FILES - SOME])
      assert.equal(countOf(await undoAt(bench, place), 'back'), SOME)
      await bench.until('all files', () => places.every(isFull))
      await bench.world.runFor(10_000)
      assert.deepEqual(places.map(isFull), [true, true, true])
      assert.deepEqual(places.flatMap(conflicts), [])
      assert.equal(countOf(await undoAt(bench, place), 'already'), SOME, 'again changes nothing')
    })
  }
})

describe('contents that were replaced by another device', () => {
  it('come back, and what replaced them is kept; what a person wrote since stays, and is told', async () => {
    await using bench = createFolderBench(7)
    const places = await threeEqual(bench)
    const [anna, ben, carol] = places
    for (const i of numbers(SOME)) ben.write(nameOf(i), `spoilt ${i}`)
    await bench.until('the edits', () => places.every((each) => each.read(nameOf(SOME - 1)) === `spoilt ${SOME - 1}`))
    await bench.world.runFor(20_000)
    carol.write(nameOf(3), 'mine')
    await bench.until('an edit since', () => places.every((each) => each.read(nameOf(3)) === 'mine'))
    await bench.world.runFor(5000)
    const steps = await stepsAt(bench, anna)
    assert.deepEqual(
      steps.map(({ replaced }) => replaced),
      [1, SOME],
    )
    const undone = await undoAt(bench, anna, steps[1])
    assert.equal(countOf(undone, 'replaced'), SOME - 1)
    assert.deepEqual(
      undone.paths.flatMap(({ path, kind }) => (kind === 'changed' ? [path] : [])),
      [nameOf(3)],
    )
    const expected = FULL.map((text, i) => (i === 3 ? 'mine' : text))
    await bench.until('what it was', () =>
      places.every((each) => textsOf(each).every((text, i) => text === expected[i])),
    )
    await bench.world.runFor(10_000)
    assert.deepEqual(places.flatMap(conflicts), [])
    const [newest] = await stepsAt(bench, anna)
    assert.ok(newest?.isUndo, 'the undo is a step that can be undone')
    assert.equal(countOf(await undoAt(bench, anna, newest), 'replaced'), SOME - 1)
    await bench.until('the undo is undone', () => places.every((each) => each.read(nameOf(0)) === 'spoilt 0'))
  })
})

/** Files that are replaced, besides those that are deleted. */
const SPOILT = [41, 42, 43]
/** Calls of the disk between the crashes of two seeds. */
const CALLS_APART = 11

/** At first where the old content has left its path and the new one is not there yet, then at any call. */
function crashSoon({ device }: Place, seed: number): () => boolean {
  let calls = 0
  let isDead = false
  device.disk.faults = ({ name, path }) => {
    calls += 1
    const isHere = seed < 2 ? name === 'link' && path.endsWith('/41.jpg') : calls === seed * CALLS_APART
    if (!isHere || isDead) return undefined
    isDead = true
    return { kind: 'crash', power: seed % 2 === 1, isDone: false }
  }
  return () => isDead
}

describe('an undo that dies in the middle', () => {
  it('is finished by another, and nothing is lost', async () => {
    for (let seed = 0; seed < scaled({ small: 4, full: 20 }); seed += 1) {
      await using bench = createFolderBench(100 + seed)
      const places = await threeEqual(bench)
      const [anna, ben, carol] = places
      for (const i of numbers(SOME)) ben.remove(nameOf(i))
      for (const i of SPOILT) ben.write(nameOf(i), `spoilt ${i}`)
      await bench.until('the deletions', () =>
        places.every((each) => textsOf(each).filter(Boolean).length === FILES - SOME),
      )
      await bench.until('the edits', () => places.every((each) => each.read(nameOf(43)) === 'spoilt 43'))
      await bench.world.runFor(5000)
      const { ports, held, folder } = portsOf(anna)
      const steps = await stepsAt(bench, anna)
      const isDead = crashSoon(anna, seed)
      for (const step of steps)
        void undoStep(ports, held, folder, step, { isDryRun: false, signal }).catch(() => undefined)
      await bench.until('it dies', isDead)
      for (const place of places) place.kill()
      await bench.world.runFor(1000)
      anna.begin()
      await bench.until('it goes on', () => anna.daemon.sync.engine.folder(FOLDER)?.isScanned === true)
      for (const i of SPOILT)
        assert.match(anna.read(nameOf(i)) ?? '', /^(photo|spoilt) /, `nothing is missing, seed ${seed}`)
      ben.begin()
      carol.begin()
      await bench.world.runFor(5000)
      for (const step of steps) await undoAt(bench, anna, step)
      await bench.until(`all files, seed ${100 + seed}`, () => places.every(isFull))
      assert.deepEqual(places.flatMap(conflicts), [], `seed ${100 + seed}`)
    }
  })
})
