/** What a device keeps, brought back: files, links and directories, to where they were, while things go wrong. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BroughtBack } from '../../daemon/sync/bring-back.ts'
import { keptRecords, refusalOf, restoreHere, stepsHere, undoHere } from '../../daemon/sync/kept.ts'
import { askKept } from '../../daemon/sync/kept-ask.ts'
import { folderSettings } from '../../daemon/sync/settings.ts'
import type { DirPath } from '../../protocol/path.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { ROOT } from '../sim/daemon.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

/** More than a pass applies in one go. */
const FILES = 530
/** With a link, a program, and seven, one, two directories. */
const ALL = FILES + 2 + 10
const { signal } = new AbortController()
const o = { signal }

const folderOf = ({ daemon }: Place) => daemon.sync.engine.folder(FOLDER) ?? assert.fail('the folder is open')
const walk = ({ device }: Place) => device.hands.walk(ROOT)
const kindAt = (place: Place, path: string) => walk(place).find((each) => each.path === path)?.kind

async function collect(all: AsyncIterable<BroughtBack>): Promise<BroughtBack[]> {
  const collected: BroughtBack[] = []
  for await (const each of all) collected.push(each)
  return collected
}

/** Runs something that waits in the simulated world. */
async function during<T>(bench: FolderBench, work: Promise<T>): Promise<T> {
  const done: { settled?: PromiseSettledResult<T> } = {}
  void Promise.allSettled([work]).then(([settled]) => Object.assign(done, { settled }))
  await bench.until('it is done', () => done.settled !== undefined)
  return work
}

const kindsOf = (paths: readonly BroughtBack[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { kind } of paths) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

async function twoEqual(bench: FolderBench, write: (place: Place) => void): Promise<readonly [Place, Place]> {
  const places = [bench.place('anna'), bench.place('ben')] as const
  write(places[0])
  const shown = (place: Place): string => JSON.stringify(walk(place).map(({ path, kind }) => [path, kind]))
  await bench.world.runFor(3000)
  await bench.until('the first sync', () => shown(places[0]) === shown(places[1]))
  await bench.world.runFor(5000)
  return places
}

const restore = (bench: FolderBench, place: Place, path: string, atMs: number | null = null) => {
  const asked: DirPath = path === '' ? '' : parseRelPath(path)
  return during(bench, collect(restoreHere(folderOf(place), asked, atMs, o)))
}

const undoNewest = async (bench: FolderBench, place: Place): Promise<BroughtBack[]> => {
  const [step] = await during(bench, stepsHere(folderOf(place)))
  assert.ok(step?.range)
  return during(bench, collect(undoHere(folderOf(place), step.range, { isDryRun: false }, o)))
}

describe('what one pass took away', () => {
  it('is one batch of the log, however many files, with links and empty directories', async () => {
    await using bench = createFolderBench(1)
    const [anna, ben] = await twoEqual(bench, ({ device, write }) => {
      for (let i = 0; i < FILES; i += 1) write(`all/${i % 7}/${i}`, `text ${i}`)
      for (let i = 0; i < 10; i += 1) write(`rest/${i}`, `rest ${i}`)
      device.hands.symlink('elsewhere', `${ROOT}/all/link`)
      device.hands.mkdir(`${ROOT}/all/empty/deep`)
      device.hands.write(`${ROOT}/all/run`, '#!', { isExecutable: true, mtimeMs: 1_600_000_000_000 })
    })
    const before = JSON.stringify(
      walk(anna).map(({ path, kind, target, isExecutable }) => [path, kind, target, isExecutable]),
    )
    ben.remove('all')
    await bench.until('ben asks', () => folderOf(ben).halt !== null)
    ben.daemon.sync.engine.decide(FOLDER, 'approve')
    await bench.until('the deletion', () => kindAt(anna, 'all') === undefined)
    await bench.world.runFor(3000)
    const records = await during(bench, keptRecords(folderOf(anna)))
    assert.equal(new Set(records.map(({ batch }) => batch)).size, 1)
    const brought = await undoNewest(bench, anna)
    assert.deepEqual(kindsOf(brought), { back: ALL })
    await bench.until('it is back on the other', () => kindAt(ben, 'all/empty/deep') === 'directory')
    await bench.world.runFor(5000)
    for (const place of [anna, ben]) {
      const now = JSON.stringify(
        walk(place).map(({ path, kind, target, isExecutable }) => [path, kind, target, isExecutable]),
      )
      assert.equal(now, before)
    }
    assert.deepEqual(kindsOf(await undoNewest(bench, anna)), { already: ALL })
    assert.equal((await during(bench, keptRecords(folderOf(anna)))).length, ALL, 'what is kept stays kept')
  })
})

describe('a path that is restored', () => {
  it('is the newest that is kept, or what was current at a time; what was there is kept', async () => {
    await using bench = createFolderBench(2)
    const [anna, ben] = await twoEqual(bench, ({ write }) => write('a', 'one'))
    ben.write('a', 'two')
    await bench.until('an edit', () => anna.read('a') === 'two')
    await bench.world.runFor(60_000)
    const between = folderOf(anna).deps.clock.wallMs()
    ben.write('a', 'three')
    await bench.until('an edit', () => anna.read('a') === 'three')
    await bench.world.runFor(5000)
    assert.deepEqual(kindsOf(await restore(bench, anna, 'a')), { replaced: 1 })
    await bench.until('the newest', () => ben.read('a') === 'two')
    await bench.world.runFor(5000)
    assert.deepEqual(kindsOf(await restore(bench, anna, 'a', between)), { already: 1 })
    assert.deepEqual(kindsOf(await restore(bench, anna, 'a', between - 70_000)), { replaced: 1 })
    await bench.until('the oldest', () => ben.read('a') === 'one')
    const texts = (await during(bench, keptRecords(folderOf(anna)))).length
    assert.equal(texts, 4, 'three, then two, are kept as well')
  })

  it('is an edit to all others, and is never put over what a person has just written', async () => {
    await using bench = createFolderBench(3)
    const [anna, ben] = await twoEqual(bench, ({ write }) => write('a', 'old'))
    ben.remove('a')
    await bench.until('the deletion', () => anna.read('a') === undefined)
    await bench.world.runFor(3000)
    anna.write('a', 'mine, not yet seen')
    assert.deepEqual(kindsOf(await restore(bench, anna, 'a')), { changed: 1 })
    assert.equal(anna.read('a'), 'mine, not yet seen')
    await bench.until('the edit', () => ben.read('a') === 'mine, not yet seen')
  })

  it('comes from another device where this one keeps nothing', async () => {
    await using bench = createFolderBench(4)
    const [anna, ben] = await twoEqual(bench, ({ write }) => write('a/b', 'old'))
    ben.remove('a/b')
    await bench.until('the deletion', () => anna.read('a/b') === undefined)
    await bench.world.runFor(3000)
    const { deps } = folderOf(ben)
    const ports = { transport: ben.daemon.transport, clock: deps.clock }
    const question = { kind: 'restore', folder: FOLDER, path: parseRelPath('a/b'), atMs: null } as const
    const { refusal, parts } = await during(bench, askKept(ports, anna.device.id, question, o))
    assert.deepEqual([refusal, parts.length], [null, 1])
    await bench.until('it is back', () => ben.read('a/b') === 'old')
  })
})

describe('when something is in the way of an undo', () => {
  it('a full disk fails path by path and loses nothing; with room it is finished', async () => {
    await using bench = createFolderBench(5)
    const [anna, ben] = await twoEqual(bench, ({ write }) => {
      for (let i = 0; i < 40; i += 1) write(`${i}`, `old ${i}`)
    })
    for (let i = 0; i < 30; i += 1) ben.write(`${i}`, `spoilt ${i}`)
    await bench.until('the edits', () => anna.read('29') === 'spoilt 29')
    await bench.world.runFor(5000)
    let calls = 0
    anna.device.disk.faults = ({ name }) => {
      if (name !== 'write' && name !== 'append') return undefined
      calls += 1
      return calls > 20 ? { kind: 'fail', code: 'ENOSPC' } : undefined
    }
    const first = await undoNewest(bench, anna)
    assert.ok(
      first.some(({ kind }) => kind === 'failed'),
      JSON.stringify(kindsOf(first)),
    )
    assert.match(first.find(({ kind }) => kind === 'failed')?.sentence ?? '', /^The disk is full\./)
    for (let i = 0; i < 30; i += 1) assert.match(anna.read(`${i}`) ?? '', /^(old|spoilt) /)
    anna.device.disk.faults = () => undefined
    await bench.world.runFor(5000)
    await undoNewest(bench, anna)
    await bench.until('all is as before', () =>
      Array.from({ length: 30 }, (_, i) => ben.read(`${i}`)).every((text, i) => text === `old ${i}`),
    )
  })

  it('a root that is not there, a folder that only receives, and one that was not looked through refuse it', async () => {
    await using bench = createFolderBench(6)
    const [anna] = await twoEqual(bench, ({ write }) => write('a', 'old'))
    const folder = folderOf(anna)
    assert.equal(await during(bench, refusalOf(folder, 'send-receive')), null)
    assert.match((await during(bench, refusalOf(folder, 'receive-only'))) ?? '', /only receives/)
    folder.isScanned = false
    assert.match((await during(bench, refusalOf(folder, 'send-receive'))) ?? '', /has not looked through/)
    folder.isScanned = true
    anna.device.hands.remove(`${ROOT}/.holt`)
    assert.match((await during(bench, refusalOf(folder, 'send-receive'))) ?? '', /is not there/)
  })
})

describe('the versions log', () => {
  it('that was lost or damaged takes no file with it: what its name tells is listed, and comes back', async () => {
    await using bench = createFolderBench(7)
    const [anna, ben] = await twoEqual(bench, ({ write }) => {
      for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) write(`deep/${name}`, `old ${name}`)
      for (let i = 0; i < 10; i += 1) write(`${i}`, 'stays')
    })
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) ben.remove(`deep/${name}`)
    await bench.until('the deletion', () => anna.read('deep/c.jpg') === undefined)
    await bench.world.runFor(3000)
    const log = `${ROOT}/.holt/versions/log`
    const lines = new TextDecoder().decode(anna.device.hands.read(log)).trimEnd().split('\n')
    anna.device.hands.write(log, `${lines.filter((line) => !line.includes('a.jpg')).join('\n')}\n{"path":"de`)
    const folder = folderOf(anna)
    assert.equal(await during(bench, folder.tree.damagedVersionLines()), 1)
    const records = await during(bench, keptRecords(folder))
    assert.deepEqual(records.map(({ path }) => path).sort(), ['a.jpg', 'deep/b.jpg', 'deep/c.jpg'])
    assert.deepEqual(kindsOf(await undoNewest(bench, anna)), { back: 2 })
    assert.deepEqual(kindsOf(await restore(bench, anna, 'deep/a.jpg')), { back: 1 })
    await bench.until('all three', () =>
      ['a.jpg', 'b.jpg', 'c.jpg'].every((name) => ben.read(`deep/${name}`) === `old ${name}`),
    )
  })

  it('outlives the catalogue: an undo works when all else is forgotten', async () => {
    await using bench = createFolderBench(8)
    const [anna, ben] = await twoEqual(bench, ({ write }) => {
      for (let i = 0; i < 20; i += 1) write(`${i}`, `old ${i}`)
    })
    for (let i = 0; i < 8; i += 1) ben.remove(`${i}`)
    await bench.until('the deletions', () => anna.read('7') === undefined)
    await bench.world.runFor(3000)
    anna.kill()
    anna.forget()
    anna.begin()
    await bench.until('it has recovered', () => anna.daemon.sync.engine.folder(FOLDER)?.isScanned === true)
    await bench.world.runFor(5000)
    assert.deepEqual(kindsOf(await undoNewest(bench, anna)), { back: 8 })
    await bench.until('all are back', () => ben.read('0') === 'old 0' && ben.read('7') === 'old 7')
  })
})

describe('retention', () => {
  it('is what a person chose for the folder, and nothing else empties the versions', async () => {
    await using bench = createFolderBench(9)
    const [anna, ben] = await twoEqual(bench, ({ write }) => write('a', 'text 0'))
    for (let i = 1; i <= 4; i += 1) {
      ben.write('a', `text ${i}`)
      await bench.until('an edit', () => anna.read('a') === `text ${i}`)
      await bench.world.runFor(5000)
    }
    await bench.world.runFor(30 * 60_000)
    assert.equal((await during(bench, keptRecords(folderOf(anna)))).length, 4)
    const retention = { days: null, versions: 2, bytes: null }
    await during(
      bench,
      anna.daemon.sync.engine.change(folderSettings({ id: FOLDER, name: 'Photos', path: ROOT, retention })),
    )
    await bench.world.runFor(30 * 60_000)
    const records = await during(bench, keptRecords(folderOf(anna)))
    assert.equal(records.length, 2)
    assert.deepEqual(kindsOf(await restore(bench, anna, 'a')), { replaced: 1 })
    await bench.until('the newest is there still', () => ben.read('a') === 'text 3')
  })
})
