/** The guards as somebody would try them who wants a folder emptied by accident: each halts, says why, and ends by itself or by one answer. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ROOT } from '../sim/daemon.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'
import { assertListed, told } from './told.ts'

const FILES = 116
/** More than half, and more than a hundred. */
const MOST = 104

const nameOf = (i: number): string => `album/${i}.jpg`
const at = (path: string): string => `${ROOT}/${path}`
const haltOf = ({ daemon }: Place): string | undefined => daemon.sync.engine.folder(FOLDER)?.halt?.kind
const countIn = (place: Place, name = nameOf): number =>
  Array.from({ length: FILES }, (_, i) => place.read(name(i))).filter((text) => text !== undefined).length
const decide = ({ daemon }: Place, decision: 'approve' | 'reject'): boolean =>
  daemon.sync.engine.decide(FOLDER, decision)

async function withAlbum(bench: FolderBench, ...names: readonly string[]): Promise<Place[]> {
  const places = names.map((name) => bench.place(name))
  for (let i = 0; i < FILES; i += 1) places[0]?.write(nameOf(i), `photo ${i}`)
  await bench.until('the first sync', () => places.every((place) => countIn(place) === FILES))
  await bench.world.runFor(5000)
  return places
}

/** Deletes most of it in portions that nobody notices, out of reach of the others, and comes back. */
async function deleteUnnoticed(bench: FolderBench, deleter: Place, others: readonly Place[]): Promise<void> {
  for (const other of others) bench.world.network.cut(deleter.device.id, other.device.id)
  for (let i = 0; i < MOST; i += 1) {
    deleter.remove(nameOf(i))
    if (i % 55 === 54) await bench.world.runFor(10_000)
  }
  await bench.until('it is taken for meant', () => deleter.daemon.sync.engine.folder(FOLDER)?.burst === null)
  await bench.world.runFor(10_000)
  assert.equal(haltOf(deleter), undefined)
}

function healAll(bench: FolderBench, place: Place, others: readonly Place[]): void {
  for (const other of others) bench.world.network.heal(place.device.id, other.device.id)
}

function three(places: readonly Place[]): readonly [Place, Place, Place] {
  const [anna, ben, carol] = places
  assert.ok(anna !== undefined && ben !== undefined && carol !== undefined)
  return [anna, ben, carol]
}

function two(places: readonly Place[]): readonly [Place, Place] {
  const [anna, ben] = places
  assert.ok(anna !== undefined && ben !== undefined)
  return [anna, ben]
}

describe('the guard of a volume that is mounted in a folder', () => {
  async function withStick(bench: FolderBench): Promise<readonly [Place, Place]> {
    const [anna, ben] = [bench.place('anna'), bench.place('ben')]
    for (let i = 0; i < 20; i += 1) anna.write(nameOf(i), `photo ${i}`)
    anna.device.hands.mountEmpty(at('stick'))
    anna.write('stick/one.txt', 'one')
    anna.write('stick/sub/two.txt', 'two')
    await bench.until(
      'all are there',
      () => ben.read('stick/sub/two.txt') === 'two' && ben.read(nameOf(19)) !== undefined,
    )
    await bench.world.runFor(10_000)
    return [anna, ben]
  }

  it('halts when the volume is gone, says so of it, and goes on by itself when it is back', async () => {
    await using bench = createFolderBench(21)
    const [anna, ben] = await withStick(bench)
    anna.device.hands.unmount(at('stick'))
    await bench.until('anna halts', () => haltOf(anna) === 'mount-missing')
    assertListed(told(bench, anna), 'a mount is gone')
    const why = await told(bench, anna).why(at('stick/one.txt'))
    assert.match(why.summary, /Another volume used to be mounted at stick\. Mount it/)
    anna.device.hands.mount(at('stick'))
    await bench.until('anna goes on', () => haltOf(anna) === undefined)
    await bench.world.runFor(10_000)
    assert.equal(ben.read('stick/sub/two.txt'), 'two')
  })

  it('asks when another volume has taken its place, however little is gone', async () => {
    await using bench = createFolderBench(22)
    const [anna, ben] = await withStick(bench)
    anna.device.hands.mountEmpty(at('stick'))
    anna.write('stick/other.txt', 'of another stick')
    await bench.until('anna asks', () => haltOf(anna) === 'mass-delete-here')
    assert.equal(told(bench, anna).ls('deleted').length, 3)
    await bench.world.runFor(30_000)
    assert.equal(ben.read('stick/one.txt'), 'one')
    assert.ok(decide(anna, 'reject'))
    await bench.until('anna has all', () => anna.read('stick/sub/two.txt') === 'two')
    await bench.until('ben has what is new', () => ben.read('stick/other.txt') !== undefined)
  })

  it('lets single files of it go', async () => {
    await using bench = createFolderBench(23)
    const [anna, ben] = await withStick(bench)
    anna.remove('stick/one.txt')
    await bench.until('it is gone', () => ben.read('stick/one.txt') === undefined)
    assert.equal(haltOf(anna), undefined)
  })
})

describe('the mass-delete guard', () => {
  it('lets a renamed directory through, here and where it arrives', async () => {
    await using bench = createFolderBench(1)
    const [anna, ben] = two(await withAlbum(bench, 'anna', 'ben'))
    ben.device.hands.rename(at('album'), at('summer'))
    const moved = (i: number): string => `summer/${i}.jpg`
    await bench.until('anna follows', () => countIn(anna, moved) === FILES && countIn(anna) === 0)
    assert.deepEqual([haltOf(anna), haltOf(ben)], [undefined, undefined])
  })

  it('asks again after a restart, with nothing passed on meanwhile', async () => {
    await using bench = createFolderBench(2)
    const [anna, ben] = two(await withAlbum(bench, 'anna', 'ben'))
    for (let i = 0; i < MOST; i += 1) ben.remove(nameOf(i))
    await bench.until('ben asks', () => haltOf(ben) === 'mass-delete-here')
    ben.kill()
    ben.begin()
    await bench.until('ben asks again', () => haltOf(ben) === 'mass-delete-here')
    assert.equal(countIn(anna), FILES)
    assert.ok(decide(ben, 'reject'))
    await bench.until('they are back', () => countIn(ben) === FILES)
    assert.equal(countIn(anna), FILES)
  })

  it('asks again after a restart of the device where the deletions arrive', async () => {
    await using bench = createFolderBench(3)
    const [anna, ben] = two(await withAlbum(bench, 'anna', 'ben'))
    await deleteUnnoticed(bench, ben, [anna])
    healAll(bench, ben, [anna])
    await bench.until('anna asks', () => haltOf(anna) === 'mass-delete-elsewhere')
    assertListed(told(bench, anna), 'deletions that arrived')
    assert.equal(told(bench, anna).ls('deleted').length, MOST)
    anna.kill()
    anna.begin()
    await bench.until('anna asks again', () => haltOf(anna) === 'mass-delete-elsewhere')
    assert.equal(countIn(anna), FILES)
  })

  it('takes a rejection when the device that deleted is away, which gets everything back when it returns', async () => {
    await using bench = createFolderBench(4)
    const [anna, ben] = two(await withAlbum(bench, 'anna', 'ben'))
    await deleteUnnoticed(bench, ben, [anna])
    healAll(bench, ben, [anna])
    await bench.until('anna asks', () => haltOf(anna) === 'mass-delete-elsewhere')
    ben.kill()
    assert.ok(decide(anna, 'reject'))
    await bench.until('anna goes on', () => haltOf(anna) === undefined)
    ben.begin()
    await bench.until('ben has all back', () => countIn(ben) === FILES)
    assert.equal(countIn(anna), FILES)
  })

  it('goes on by itself on a device that was away when another one rejected', async () => {
    await using bench = createFolderBench(5)
    const [anna, ben, carol] = three(await withAlbum(bench, 'anna', 'ben', 'carol'))
    await deleteUnnoticed(bench, ben, [anna, carol])
    healAll(bench, ben, [anna, carol])
    await bench.until('both ask', () => [anna, carol].every((place) => haltOf(place) === 'mass-delete-elsewhere'))
    bench.world.network.cut(anna.device.id, carol.device.id)
    bench.world.network.cut(ben.device.id, carol.device.id)
    await bench.world.runFor(60_000)
    assert.ok(decide(anna, 'reject'))
    await bench.until('ben has all back', () => countIn(ben) === FILES)
    healAll(bench, carol, [anna, ben])
    await bench.until('carol goes on', () => haltOf(carol) === undefined)
    assert.equal(countIn(carol), FILES)
  })

  it('goes on by itself once the device whose deletions they were is no member any more', async () => {
    await using bench = createFolderBench(6)
    const [anna, ben] = two(await withAlbum(bench, 'anna', 'ben'))
    await deleteUnnoticed(bench, ben, [anna])
    healAll(bench, ben, [anna])
    await bench.until('anna asks', () => haltOf(anna) === 'mass-delete-elsewhere')
    ben.kill()
    anna.daemon.sync.engine.forget([ben.device.id])
    await bench.until('anna goes on', () => haltOf(anna) === undefined)
    assert.equal(countIn(anna), FILES)
  })

  it('does not ask an archive, which deletes nothing', async () => {
    await using bench = createFolderBench(7)
    const [anna] = two(await withAlbum(bench, 'anna', 'ben'))
    const carol = bench.place('carol', { mode: 'receive-archive' })
    await bench.until('the archive is full', () => countIn(carol) === FILES)
    await bench.world.runFor(5000)
    for (let i = 0; i < MOST; i += 1) anna.remove(nameOf(i))
    await bench.until('anna asks', () => haltOf(anna) === 'mass-delete-here')
    bench.world.network.cut(anna.device.id, carol.device.id)
    assert.ok(decide(anna, 'approve'))
    await bench.world.runFor(30_000)
    healAll(bench, anna, [carol])
    const localCount = (): number => carol.daemon.catalogue.read((tx) => tx.localCount(FOLDER))
    await bench.until('the archive keeps them', () => localCount() === MOST)
    assert.deepEqual([countIn(carol), haltOf(carol)], [FILES, undefined])
  })

  it('does not hold up a device that joins while another asks, and the newcomer may answer', async () => {
    await using bench = createFolderBench(8)
    const [anna, ben] = two(await withAlbum(bench, 'anna', 'ben'))
    for (let i = 0; i < MOST; i += 1) ben.remove(nameOf(i))
    await bench.until('ben asks', () => haltOf(ben) === 'mass-delete-here')
    const carol = bench.place('carol')
    await bench.until('carol has all', () => countIn(carol) === FILES)
    await bench.until('carol hears it', () => told(bench, carol).view().state.kind === 'halted')
    assert.ok(decide(carol, 'reject'))
    await bench.until('ben has all back', () => countIn(ben) === FILES)
    assert.deepEqual([anna, ben, carol].map(haltOf), [undefined, undefined, undefined])
  })
})
