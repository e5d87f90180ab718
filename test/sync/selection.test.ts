/** What a device leaves out: neither fetched nor sent, gone from its own disk, and from nowhere else. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SimDaemon } from '../sim/daemon.ts'
import { ROOT } from '../sim/daemon.ts'
import type { SimDevice } from '../sim/world.ts'
import { folderSettings } from '../../daemon/sync/settings.ts'
import type { Selection } from '../../daemon/sync/settings.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { DaemonBench } from './daemon-bench.ts'
import { FOLDER as SHARED, createFolderBench } from './folder-bench.ts'
import { FOLDER } from './scripted-log.ts'

/** Longer than a full scan. */
const LATER_MS = 200_000
const ALL: Selection = { include: [], exclude: [] }

interface Two {
  readonly bench: DaemonBench
  readonly anna: SimDevice
  readonly ben: SimDevice
  readonly annas: SimDaemon
  readonly bens: SimDaemon
}

/** Two devices that have the same: notes, and raw photos. */
async function two(bench: DaemonBench): Promise<Two> {
  const [anna, ben] = [bench.device('anna'), bench.device('ben')]
  anna.hands.write(at('notes/a.txt'), 'a note')
  anna.hands.write(at('raw/1.dng'), 'first')
  anna.hands.write(at('raw/deep/2.dng'), 'second')
  const annas = bench.begin(anna, 'added')
  const bens = bench.begin(ben, 'accepted')
  await bench.untilEqual()
  return { bench, anna, ben, annas, bens }
}

const at = (path: string): string => `${ROOT}/${path}`

async function choose(bench: DaemonBench, daemon: SimDaemon, selection: Selection): Promise<void> {
  let isChosen = false
  const changing = change(daemon, selection).then(() => {
    isChosen = true
  })
  await bench.until(() => isChosen, 'the selection to be chosen')
  await changing
}

function change({ sync }: SimDaemon, selection: Selection): Promise<void> {
  return sync.engine.change(folderSettings({ id: FOLDER, name: 'Photos', path: ROOT, selection }))
}

function problems({ sync }: SimDaemon): string[] {
  return [...(sync.engine.folder(FOLDER)?.problems.values() ?? [])].flat().map(({ path, code }) => `${path} ${code}`)
}

function paths(device: SimDevice): string[] {
  return device.hands.walk(ROOT).map(({ path }) => path)
}

function entryOf({ catalogue }: SimDaemon, path: string): unknown {
  return catalogue.read((tx) => tx.own(FOLDER, parseRelPath(path)))?.entry
}

describe('what a device leaves out', () => {
  it('goes from its disk, and from nowhere else', async () => {
    await using bench = new DaemonBench(41)
    const { anna, ben, annas, bens } = await two(bench)
    await choose(bench, bens, { include: [], exclude: ['/raw/'] })
    await bench.until(() => !ben.hands.exists(at('raw')), 'the photos to go')
    await bench.world.runFor(LATER_MS)
    assert.deepEqual(paths(ben), ['notes', 'notes/a.txt'])
    assert.equal(anna.hands.readText(at('raw/deep/2.dng')), 'second')
    const kept = ben.hands.walk(ROOT, { isWithHolt: true }).filter(({ path }) => path.includes('versions/leave'))
    assert.deepEqual(kept, [], 'it takes no room any more')
    const others = annas.catalogue.read((tx) => tx.others(FOLDER, parseRelPath('raw/1.dng')))
    assert.deepEqual(others, [], 'ben does not say that he holds it, nor that it is deleted')
    assert.deepEqual(problems(bens), [])
  })

  it('is neither fetched nor sent, whatever becomes of it', async () => {
    await using bench = new DaemonBench(42)
    const { anna, ben, bens } = await two(bench)
    await choose(bench, bens, { include: ['/notes'], exclude: ['*.tmp'] })
    await bench.until(() => !ben.hands.exists(at('raw')), 'the photos to go')
    anna.hands.write(at('raw/3.dng'), 'third')
    anna.hands.write(at('notes/b.txt'), 'another note')
    anna.hands.write(at('notes/b.tmp'), 'scratch')
    ben.hands.write(at('raw/of-ben.dng'), 'of ben alone')
    const isFetched = (): boolean => ['raw/3.dng', 'notes/b.tmp'].some((path) => ben.hands.exists(at(path)))
    assert.equal(await bench.world.runUntil(isFetched, { withinMs: 20_000, everyMs: 1 }), false, 'not for a moment')
    await bench.world.runFor(LATER_MS)
    assert.deepEqual(paths(ben), ['notes', 'notes/a.txt', 'notes/b.txt', 'raw', 'raw/of-ben.dng'])
    assert.equal(anna.hands.exists(at('raw/of-ben.dng')), false)
    assert.deepEqual(problems(bens), ['raw left-out'])
  })

  it('stays where it was edited and where it is only here, and is listed', async () => {
    await using bench = new DaemonBench(43)
    const { anna, ben, bens } = await two(bench)
    anna.kill({ power: false })
    await bench.world.runFor(10_000)
    ben.hands.write(at('raw/only-here.dng'), 'of ben alone')
    await bench.until(() => entryOf(bens, 'raw/only-here.dng') !== undefined, 'ben to see it')
    const changing = change(bens, { include: [], exclude: ['raw'] })
    ben.hands.write(at('raw/1.dng'), 'edited by ben')
    await bench.until(() => !ben.hands.exists(at('raw/deep')), 'the rest to go')
    await bench.until(() => problems(bens).length > 0, 'it to be listed')
    await changing
    assert.equal(ben.hands.readText(at('raw/1.dng')), 'edited by ben')
    assert.equal(ben.hands.readText(at('raw/only-here.dng')), 'of ben alone')
    assert.deepEqual(problems(bens), ['raw left-out'])
  })

  it('is fetched again once it is included, with what was deleted meanwhile', async () => {
    await using bench = new DaemonBench(44)
    const { anna, ben, bens } = await two(bench)
    await choose(bench, bens, { include: [], exclude: ['raw'] })
    await bench.until(() => !ben.hands.exists(at('raw')), 'the photos to go')
    anna.hands.remove(at('raw/1.dng'))
    anna.hands.write(at('raw/deep/2.dng'), 'second, edited')
    await bench.world.runFor(LATER_MS)
    await choose(bench, bens, ALL)
    await bench.untilEqual()
    assert.equal(ben.hands.readText(at('raw/deep/2.dng')), 'second, edited')
    assert.equal(anna.hands.exists(at('raw/1.dng')), false)
  })

  it('is a conflict and never overwritten, when both wrote there meanwhile and it is included again', async () => {
    await using bench = new DaemonBench(45)
    const { anna, ben, bens } = await two(bench)
    await choose(bench, bens, { include: [], exclude: ['raw'] })
    await bench.until(() => !ben.hands.exists(at('raw')), 'the photos to go')
    anna.hands.write(at('raw/1.dng'), 'of anna')
    await bench.world.runFor(LATER_MS)
    ben.hands.write(at('raw/1.dng'), 'of ben')
    await bench.world.runFor(LATER_MS)
    await choose(bench, bens, ALL)
    await bench.untilEqual()
    const texts = paths(anna).flatMap((path) => (path.startsWith('raw/1.') ? [anna.hands.readText(at(path))] : []))
    assert.deepEqual(texts.toSorted(), ['of anna', 'of ben'])
  })

  it('is deleted nowhere when the program dies while it goes, and the selection is taken back at once', async () => {
    await using bench = createFolderBench(46)
    const anna = bench.place('anna')
    const ben = bench.place('ben')
    anna.write('raw/1.dng', 'first')
    anna.write('raw/deep/2.dng', 'second')
    await bench.until('ben to have it', () => ben.read('raw/deep/2.dng') === 'second')
    await bench.world.runFor(10_000)
    const own = (): unknown =>
      ben.daemon.catalogue.read((tx) => tx.own(SHARED, parseRelPath('raw/1.dng')))?.entry.isHeld
    let isChosen = false
    void chooseShared(ben.daemon, { include: [], exclude: ['raw'] })
    const isBetween = await bench.world.runUntil(() => ben.read('raw/1.dng') === undefined && own() === true, {
      withinMs: 60_000,
      everyMs: 0.1,
    })
    assert.ok(isBetween, 'the file is gone, and it is not yet recorded')
    ben.kill()
    ben.begin()
    const isBack = (): boolean => ben.daemon.sync.engine.get(SHARED) !== undefined
    assert.ok(await bench.world.runUntil(isBack, { withinMs: 60_000, everyMs: 0.1 }))
    void chooseShared(ben.daemon, ALL).then(() => {
      isChosen = true
    })
    await bench.until('the selection to be taken back', () => isChosen)
    await bench.world.runFor(LATER_MS)
    assert.deepEqual([anna.read('raw/1.dng'), ben.read('raw/1.dng')], ['first', 'first'])
    assert.equal(ben.read('raw/deep/2.dng'), 'second')
  })
})

function chooseShared({ sync }: SimDaemon, selection: Selection): Promise<void> {
  return sync.engine.change(folderSettings({ id: SHARED, name: 'Photos', path: ROOT, selection }))
}
