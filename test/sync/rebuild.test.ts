/** A catalogue that was lost, or put back from an old copy: what people have is as it was, and nothing old comes back. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordFigure } from '../figures.ts'
import { ROOT } from '../sim/daemon.ts'
import { isEqual } from '../sim/judge.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'
import type { FolderBench, Place } from './folder-bench.ts'

const CONTENTS = { 'a.txt': 'one', 'b.txt': 'two', 'deep/c.txt': 'three', 'deep/d.txt': 'four' }

/** What a device does with its catalogue while its daemon does not run. */
const LOSSES = {
  'was deleted': ({ catalogue }: Place) => catalogue.lose(),
  'was put back from an old copy': ({ catalogue }: Place) => {
    assert.ok(catalogue.restore())
  },
} as const

/** Files by path. */
function filesOf({ device }: Place): Record<string, string> {
  const files = device.hands.walk(ROOT).filter(({ kind, path }) => kind === 'file' && !path.startsWith('.holt'))
  return Object.fromEntries(files.map(({ path, content }) => [path, new TextDecoder().decode(content)]))
}

/** Which file is there, and when it was last changed in any way. */
function looksOf({ device: { hands, disk } }: Place): string[] {
  return hands
    .walk(ROOT)
    .filter(({ kind, path }) => kind === 'file' && !path.startsWith('.holt'))
    .map(
      ({ path }) =>
        `${path} ${disk.volume.get(`${ROOT}/${path}`).number} ${disk.volume.get(`${ROOT}/${path}`).changeNo}`,
    )
}

async function untilEqual(bench: FolderBench, ...places: readonly Place[]): Promise<void> {
  const equal = (): boolean =>
    isEqual(
      places.map(({ daemon }) => daemon),
      FOLDER,
    )
  await bench.until('all are equal', equal)
  await bench.world.runFor(10_000)
  assert.ok(equal(), 'and stay so')
}

/** Anna, Ben and Cleo in sync; Ben's old copy is of before some edits, a deletion and a rename. */
async function withThree(
  seed: number,
  body: (bench: FolderBench, anna: Place, ben: Place, cleo: Place) => Promise<void>,
): Promise<void> {
  await using bench = createFolderBench(seed)
  const anna = bench.place('anna')
  for (const [path, text] of Object.entries(CONTENTS)) anna.write(path, text)
  anna.write('gone.txt', 'deleted long ago')
  const [ben, cleo] = [bench.place('ben'), bench.place('cleo')]
  await untilEqual(bench, anna, ben, cleo)
  for (const { catalogue } of [anna, ben, cleo]) catalogue.backUp()
  anna.write('a.txt', 'one, edited')
  ben.write('b.txt', 'two, edited')
  cleo.remove('gone.txt')
  anna.device.hands.rename(`${ROOT}/deep/d.txt`, `${ROOT}/renamed.txt`)
  await untilEqual(bench, anna, ben, cleo)
  await body(bench, anna, ben, cleo)
}

const NOW = { 'a.txt': 'one, edited', 'b.txt': 'two, edited', 'deep/c.txt': 'three', 'renamed.txt': 'four' }

/** Ends its daemon, does something to its catalogue and its disk, and begins it again. */
function away(place: Place, lose: (place: Place) => void, meanwhile: () => void = () => undefined): void {
  place.kill()
  lose(place)
  meanwhile()
  place.begin()
}

it('a lost catalogue is whole again at once where all members are there', async () => {
  await withThree(67, async (bench, _anna, ben) => {
    const beganMs = bench.world.scheduler.nowMs()
    away(ben, LOSSES['was deleted'])
    await bench.until('it is whole', () => ben.daemon.sync.engine.folder(FOLDER)?.isRecovering === false)
    await bench.until('it was recalled', () => ben.daemon.catalogue.read((tx) => tx.totals(FOLDER).live) > 0)
    const tookMs = bench.world.scheduler.nowMs() - beganMs
    assert.ok(tookMs < 2500, `${tookMs} ms, although nobody else can come`)
  })
})

let cases = 0
for (const [how, lose] of Object.entries(LOSSES)) {
  describe(`a catalogue that ${how}`, () => {
    it('costs nothing: no file is written, sent or copied, and the deleted stays deleted', async () => {
      await withThree(61, async (bench, anna, ben, cleo) => {
        const before = [anna, ben, cleo].map(looksOf)
        const sent = [anna, cleo].map(({ daemon }) => daemon.sentBytes)
        away(ben, lose)
        await untilEqual(bench, anna, ben, cleo)
        assert.deepEqual([anna, ben, cleo].map(looksOf), before)
        assert.deepEqual(
          [anna, cleo].map(({ daemon }) => daemon.sentBytes),
          sent,
        )
        assert.deepEqual(filesOf(ben), NOW)
        cases += 1
      })
    })

    it('takes what others edited, deleted and renamed meanwhile', async () => {
      await withThree(62, async (bench, anna, ben, cleo) => {
        ben.kill()
        lose(ben)
        anna.write('a.txt', 'one, again')
        cleo.remove('b.txt')
        anna.device.hands.rename(`${ROOT}/deep/c.txt`, `${ROOT}/deep/e.txt`)
        anna.write('new.txt', 'new')
        await untilEqual(bench, anna, cleo)
        ben.begin()
        await untilEqual(bench, anna, ben, cleo)
        const expected = { 'a.txt': 'one, again', 'deep/e.txt': 'three', 'new.txt': 'new', 'renamed.txt': 'four' }
        for (const place of [anna, ben, cleo]) assert.deepEqual(filesOf(place), expected)
        cases += 1
      })
    })

    it('loses nothing that was edited or made here meanwhile, and makes no copy of what is equal', async () => {
      await withThree(63, async (bench, anna, ben, cleo) => {
        away(ben, lose, () => {
          ben.write('a.txt', 'one, by ben')
          ben.write('mine.txt', 'mine')
          ben.device.hands.rename(`${ROOT}/deep/c.txt`, `${ROOT}/deep/moved.txt`)
          anna.write('b.txt', 'two, by anna')
        })
        await untilEqual(bench, anna, ben, cleo)
        const files = filesOf(ben)
        const texts = Object.values(files)
        for (const text of ['one, by ben', 'mine', 'two, by anna', 'three', 'four'])
          assert.ok(texts.includes(text), text)
        assert.equal(files['deep/moved.txt'], 'three')
        assert.ok(!texts.includes('deleted long ago'))
        assertNoEqualCopies(files)
        cases += 1
      })
    })

    it('waits while nobody can be asked, touches nothing, and goes on when somebody comes', async () => {
      await withThree(64, async (bench, anna, ben, cleo) => {
        anna.kill()
        cleo.kill()
        const before = looksOf(ben)
        away(ben, lose)
        await bench.world.runFor(600_000)
        assert.equal(ben.daemon.sync.engine.folder(FOLDER)?.isRecovering, true)
        assert.deepEqual(looksOf(ben), before)
        anna.begin()
        cleo.begin()
        await untilEqual(bench, anna, ben, cleo)
        assert.deepEqual(looksOf(ben), before)
        assert.deepEqual(filesOf(anna), NOW)
        cases += 1
      })
    })

    it('of all devices at once makes no conflict, no copy and no transfer of what they all have', async () => {
      await withThree(65, async (bench, anna, ben, cleo) => {
        const all = [anna, ben, cleo]
        const before = all.map(looksOf)
        for (const place of all) place.kill()
        for (const place of all) lose(place)
        for (const place of all) place.begin()
        await untilEqual(bench, anna, ben, cleo)
        assert.deepEqual(all.map(looksOf), before)
        for (const place of all) assert.deepEqual(filesOf(place), NOW)
        cases += 1
      })
    })

    it('a second time is no worse than the first', async () => {
      await withThree(66, async (bench, anna, ben, cleo) => {
        away(ben, lose)
        await untilEqual(bench, anna, ben, cleo)
        anna.write('a.txt', 'one, in between')
        ben.remove('b.txt')
        await untilEqual(bench, anna, ben, cleo)
        away(ben, lose)
        await untilEqual(bench, anna, ben, cleo)
        const { 'b.txt': _, ...rest } = { ...NOW, 'a.txt': 'one, in between' }
        for (const place of [anna, ben, cleo]) assert.deepEqual(filesOf(place), rest)
        cases += 1
        recordFigure('rebuild', { cases })
      })
    })
  })
}

/** No conflict copy holds what the file beside it holds. */
function assertNoEqualCopies(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    const original = path.replace(/\.conflict-[^.]*/, '')
    if (original !== path) assert.notEqual(text, files[original], `${path} is a copy of what ${original} holds`)
  }
}
