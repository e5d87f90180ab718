/** A mass deletion on several devices: one answer of a person, wherever it is given, is enough. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

const FILES = 160
/** More than half, and more than a hundred. */
const MOST = 120

const nameOf = (i: number): string => `${i}.jpg`
const haltOf = ({ daemon }: Place): string | undefined => daemon.sync.engine.folder(FOLDER)?.halt?.kind
const countIn = (place: Place): number =>
  Array.from({ length: FILES }, (_, i) => place.read(nameOf(i))).filter((text) => text !== undefined).length

/** Three devices with all files, of which the second deletes most; the others know that it asks. */
async function threeAsked(bench: FolderBench): Promise<readonly [Place, Place, Place]> {
  const places = [bench.place('anna'), bench.place('ben'), bench.place('carol')] as const
  const [anna, ben, carol] = places
  for (let i = 0; i < FILES; i += 1) anna.write(nameOf(i), `photo ${i}`)
  await bench.until('the first sync', () => places.every((place) => countIn(place) === FILES))
  await bench.world.runFor(5000)
  for (let i = 0; i < MOST; i += 1) ben.remove(nameOf(i))
  const hasHeard = ({ daemon }: Place): boolean =>
    [...(daemon.sync.engine.get(FOLDER)?.remotes.values() ?? [])].some(({ halt }) => halt !== null)
  await bench.until('ben asks, and is heard', () => haltOf(ben) === 'mass-delete-here' && [anna, carol].every(hasHeard))
  assert.deepEqual(places.map(countIn), [FILES, FILES - MOST, FILES])
  return places
}

describe('a mass deletion on one of three devices', () => {
  it('goes through on all of them once it is approved, on whichever, and nobody is asked again', async () => {
    for (const who of [0, 1, 2]) {
      await using bench = createFolderBench(who)
      const places = await threeAsked(bench)
      assert.ok(places[who]?.daemon.sync.engine.decide(FOLDER, 'approve'))
      await bench.until('the deletions', () => places.every((place) => countIn(place) === FILES - MOST))
      await bench.world.runFor(5000)
      assert.deepEqual(places.map(haltOf), [undefined, undefined, undefined])
    }
  })

  it('is asked about again where more comes than was approved', async () => {
    await using bench = createFolderBench(3)
    const [anna, ben, carol] = await threeAsked(bench)
    anna.daemon.sync.engine.decide(FOLDER, 'approve')
    for (let i = MOST; i < FILES; i += 1) ben.remove(nameOf(i))
    await bench.until('both ask', () => [anna, carol].every((place) => haltOf(place) !== undefined))
    assert.ok(countIn(anna) > 0)
  })

  it('is taken back on all of them once it is rejected, on whichever', async () => {
    for (const who of [0, 1, 2]) {
      await using bench = createFolderBench(who)
      const places = await threeAsked(bench)
      assert.ok(places[who]?.daemon.sync.engine.decide(FOLDER, 'reject'))
      await bench.until('the files are back', () => places.every((place) => countIn(place) === FILES))
    }
  })
})
