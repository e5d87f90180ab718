/** A disk that loses bytes: what it gives back is told from an edit, never sent, and fetched again from whoever has it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { askRound } from '../../daemon/sync/scrub.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { ROOT } from '../sim/daemon.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'
import type { FolderBench, Place } from './folder-bench.ts'

const DAY_MS = 24 * 3_600_000
const HOUR_MS = 3_600_000
const PATH = parseRelPath('letter.txt')

/** Turns one bit of a file, as a dying disk does: nobody writes, so no time changes. */
function rot(place: Place, path: string, at = 0): void {
  const inode = place.device.disk.volume.get(`${ROOT}/${path}`)
  const bytes = inode.content.slice()
  bytes[at] = (bytes[at] ?? 0) ^ 1
  inode.replace(bytes)
}

/** From now on the disk cannot read a file. */
function breakSector(place: Place, path: string): void {
  place.device.disk.faults = (call) =>
    call.name === 'read' && call.path === `${ROOT}/${path}` ? { kind: 'fail', code: 'EIO' } : undefined
}

function folderOf({ daemon }: Place): NonNullable<ReturnType<Place['daemon']['sync']['engine']['folder']>> {
  const folder = daemon.sync.engine.folder(FOLDER)
  assert.ok(folder)
  return folder
}

async function verify(bench: FolderBench, place: Place, isRepair: boolean): Promise<void> {
  askRound(folderOf(place), { isRepair })
  await bench.until('the round is over', () => isDone(place))
}

function isDone(place: Place): boolean {
  const { scrub } = folderOf(place)
  return scrub.asked === null && scrub.running === null
}

/** What was kept because it was damaged. */
function quarantined({ device }: Place): string[] {
  const log = device.hands.readText(`${ROOT}/.holt/versions/log`) ?? ''
  const lines = log.split('\n').filter((line) => line.includes('"damaged"'))
  return lines.map((line) => {
    const { name, hash } = JSON.parse(line) as { name: string; hash: unknown }
    assert.equal(hash, null, 'nobody says that this is what was there')
    return device.hands.readText(`${ROOT}/.holt/versions/${name}`) ?? ''
  })
}

function mtimeOf({ device }: Place, path: string): number | undefined {
  return device.hands.walk(ROOT).find((each) => each.path === path)?.mtimeMs
}

/** Anna and Ben have a letter; Ben's disk has lost a bit of his. */
async function rottenAtBen(bench: FolderBench): Promise<{ anna: Place; ben: Place }> {
  const anna = bench.place('anna')
  anna.write('letter.txt', 'Dear Ada')
  anna.write('other.txt', 'as it is')
  const ben = bench.place('ben')
  await bench.until('both have it', () => ben.read('letter.txt') !== undefined && ben.read('other.txt') !== undefined)
  await bench.world.runFor(5_000)
  rot(ben, 'letter.txt')
  return { anna, ben }
}

describe('a file whose bytes changed although nothing wrote to it', () => {
  it('is found, listed, and neither published nor changed by a verification that only reports', async () => {
    await using bench = createFolderBench(31)
    const { anna, ben } = await rottenAtBen(bench)
    await verify(bench, ben, false)
    assert.deepEqual([...folderOf(ben).damaged.keys()], ['letter.txt'])
    assert.equal(folderOf(ben).scrub.files, 2)
    await bench.world.runFor(HOUR_MS)
    assert.notEqual(ben.read('letter.txt'), 'Dear Ada')
    assert.equal(anna.read('letter.txt'), 'Dear Ada')
  })

  it('is fetched again, with its time, and what was there is kept', async () => {
    await using bench = createFolderBench(32)
    const { anna, ben } = await rottenAtBen(bench)
    const [damaged, mtimeMs] = [ben.read('letter.txt'), mtimeOf(ben, 'letter.txt')]
    await verify(bench, ben, true)
    await bench.until('it is repaired', () => ben.read('letter.txt') === 'Dear Ada' && folderOf(ben).damaged.size === 0)
    assert.equal(mtimeOf(ben, 'letter.txt'), mtimeMs)
    assert.deepEqual(quarantined(ben), [damaged])
    assert.equal(folderOf(ben).scrub.repaired, 1)
    await bench.world.runFor(HOUR_MS)
    assert.equal(anna.read('letter.txt'), 'Dear Ada')
    assert.deepEqual(quarantined(anna), [])
  })

  it('stays where it is while nobody online holds it, also over a restart, and is fetched when somebody comes', async () => {
    await using bench = createFolderBench(33)
    const { anna, ben } = await rottenAtBen(bench)
    anna.kill()
    await bench.world.runFor(60_000)
    await verify(bench, ben, true)
    await bench.world.runFor(HOUR_MS)
    ben.kill()
    ben.begin()
    await bench.until('it runs', () => ben.daemon.sync.engine.folder(FOLDER)?.isScanned === true)
    await bench.world.runFor(60_000)
    assert.deepEqual([...folderOf(ben).damaged.keys()], ['letter.txt'])
    assert.notEqual(ben.read('letter.txt'), undefined)
    anna.begin()
    await bench.until('it is repaired', () => ben.read('letter.txt') === 'Dear Ada')
  })

  it('is read and fetched again when it was to be served', async () => {
    await using bench = createFolderBench(34)
    const { anna, ben } = await rottenAtBen(bench)
    anna.kill()
    const cleo = bench.place('cleo')
    await bench.until('it was found', () => folderOf(ben).damaged.size === 1)
    assert.equal(cleo.read('letter.txt'), undefined, 'a wrong letter is given to nobody')
    anna.begin()
    await bench.until('all have it', () => [ben, cleo].every((place) => place.read('letter.txt') === 'Dear Ada'))
  })

  it('is no source for another path: the bytes come from another device', async () => {
    await using bench = createFolderBench(35)
    const { anna, ben } = await rottenAtBen(bench)
    anna.write('again.txt', 'Dear Ada')
    await bench.until('the copy', () => ben.read('again.txt') === 'Dear Ada')
    await bench.until('it is repaired', () => ben.read('letter.txt') === 'Dear Ada')
  })

  it('is repaired from another file of this device that has the bytes, with no other device', async () => {
    await using bench = createFolderBench(36)
    const anna = bench.place('anna')
    anna.write('letter.txt', 'Dear Ada')
    anna.write('copy.txt', 'Dear Ada')
    await bench.until('both are known', () => anna.daemon.catalogue.read((tx) => tx.totals(FOLDER).files) === 2)
    // The first that a look-up by hash finds.
    rot(anna, 'copy.txt')
    await verify(bench, anna, true)
    await bench.until('it is repaired', () => anna.read('copy.txt') === 'Dear Ada')
  })

  it('gives way to an edit: what a person writes is published, and no damage any more', async () => {
    await using bench = createFolderBench(37)
    const { anna, ben } = await rottenAtBen(bench)
    await verify(bench, ben, false)
    ben.write('letter.txt', 'Dear Bea!')
    await bench.until('the edit', () => anna.read('letter.txt') === 'Dear Bea!')
    assert.equal(folderOf(ben).damaged.size, 0)
  })

  it('is deleted as another device deletes it, and renamed with the right bytes', async () => {
    await using bench = createFolderBench(38)
    const { anna, ben } = await rottenAtBen(bench)
    await verify(bench, ben, false)
    anna.remove('letter.txt')
    anna.write('renamed.txt', 'Dear Ada')
    await bench.until('the rename', () => ben.read('renamed.txt') !== undefined && ben.read('letter.txt') === undefined)
    assert.equal(ben.read('renamed.txt'), 'Dear Ada')
  })
})

describe('an edit that keeps size and time', () => {
  it('is an edit, because the time of its change tells', async () => {
    await using bench = createFolderBench(39)
    const { anna, ben } = await rottenAtBen(bench)
    const mtimeMs = mtimeOf(ben, 'other.txt')
    assert.ok(mtimeMs !== undefined)
    ben.device.hands.write(`${ROOT}/other.txt`, 'as it wa', { mtimeMs })
    await verify(bench, ben, true)
    await bench.until('the edit', () => anna.read('other.txt') === 'as it wa')
    assert.ok(!folderOf(ben).damaged.has(parseRelPath('other.txt')))
  })
})

describe('a file that the disk cannot read', () => {
  it('is listed and never taken for deleted; it is moved aside and fetched again only when somebody asks for it', async () => {
    await using bench = createFolderBench(40)
    const { anna, ben } = await rottenAtBen(bench)
    breakSector(ben, 'letter.txt')
    await verify(bench, ben, false)
    assert.equal(folderOf(ben).damaged.get(PATH)?.kind, 'unreadable')
    ben.device.wall.offsetMs += 40 * DAY_MS
    await bench.world.runFor(HOUR_MS)
    assert.equal(folderOf(ben).damaged.get(PATH)?.isToRepair, false)
    assert.equal(anna.read('letter.txt'), 'Dear Ada')
    await verify(bench, ben, true)
    await bench.until('it is repaired', () => ben.read('letter.txt') === 'Dear Ada')
    assert.equal(quarantined(ben).length, 1)
  })
})

describe('the scrub in idle time', () => {
  it('finds and repairs damage by itself within its round, and begins the next only when it is due', async () => {
    await using bench = createFolderBench(41)
    const { ben } = await rottenAtBen(bench)
    await bench.until('the first round', () => folderOf(ben).scrub.lastCompleteMs !== null)
    await bench.until('it is repaired', () => ben.read('letter.txt') === 'Dear Ada')
    const { scrub } = folderOf(ben)
    const firstMs = scrub.lastCompleteMs
    ben.device.wall.offsetMs += 29 * DAY_MS
    await bench.world.runFor(HOUR_MS)
    assert.equal(scrub.lastCompleteMs, firstMs)
    ben.device.wall.offsetMs += 2 * DAY_MS
    await bench.world.runFor(HOUR_MS)
    assert.notEqual(scrub.lastCompleteMs, firstMs)
  })

  it('goes on where it stopped, after a restart', async () => {
    await using bench = createFolderBench(42)
    const anna = bench.place('anna')
    for (let i = 0; i < 300; i += 1) anna.write(`f${1000 + i}`, `${i}`.repeat(200_000))
    await bench.until('it runs', () => anna.daemon.sync.engine.folder(FOLDER)?.isScanned === true)
    await bench.until('a part was read', () => folderOf(anna).scrub.files > 100)
    folderOf(anna).isPaused = true
    await bench.until('it waits', () => folderOf(anna).scrub.running === null)
    await bench.world.runFor(1_000)
    const { position } = folderOf(anna).scrub
    assert.notEqual(position, null)
    anna.kill()
    anna.begin()
    await bench.until('it runs', () => anna.daemon.sync.engine.folder(FOLDER)?.isScanned === true)
    assert.equal(folderOf(anna).scrub.position, position)
    await bench.world.runFor(300_000)
    await bench.until('it is through', () => folderOf(anna).scrub.lastCompleteMs !== null)
    assert.ok(folderOf(anna).scrub.files < 300, 'what was read before was not read again')
  })
})

describe('a kept version whose bytes changed', () => {
  it('is found by a verification', async () => {
    await using bench = createFolderBench(43)
    const { anna, ben } = await rottenAtBen(bench)
    anna.write('other.txt', 'as it will be')
    await bench.until('the edit', () => ben.read('other.txt') === 'as it will be')
    const [kept] = ben.device.hands.walk(`${ROOT}/.holt/versions`).filter(({ path }) => path.endsWith('~other.txt'))
    assert.ok(kept)
    await verify(bench, ben, true)
    assert.equal(folderOf(ben).scrub.damagedVersions.size, 0)
    rot(ben, `.holt/versions/${kept.path}`)
    await verify(bench, ben, true)
    assert.deepEqual([...folderOf(ben).scrub.damagedVersions.keys()], [kept.path])
  })
})
