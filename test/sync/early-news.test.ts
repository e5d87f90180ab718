/** What a long look finds is published while it goes on, unless files may have been moved. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRelPath } from '../../protocol/path.ts'
import { ROOT } from '../sim/daemon.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

/** In two directories, of which each has more than are hashed at once. */
const FILES = 5000
/** As many bytes as are hashed at once. */
const LARGE_BYTES = 64 * 1024 * 1024
const TEXT = 'a text that is moved'

/** Files that are recorded when the first many were published. */
async function recordedAtFirstNews({ world }: FolderBench, { daemon }: Place): Promise<number> {
  const files = (): number => daemon.catalogue.read((tx) => tx.totals(FOLDER).files)
  const waiting = (): number => daemon.catalogue.read((tx) => tx.unpublished(FOLDER, FILES * 2).length)
  assert.ok(await world.runUntil(() => files() - waiting() > FILES / 4, { withinMs: 300_000, everyMs: 1 }))
  return files()
}

describe('a look that finds much', () => {
  it('tells of the first files while it hashes the others', async () => {
    await using bench = createFolderBench(71)
    const anna = bench.place('anna', {
      before: ({ hands }) => {
        for (let i = 0; i < FILES; i++) hands.write(`${ROOT}/${i % 2}/${i}`, `text ${i}`)
      },
    })
    const recorded = await recordedAtFirstNews(bench, anna)
    assert.ok(recorded < FILES, `${recorded} were recorded`)
    await bench.until('all are recorded', () => anna.daemon.catalogue.read((tx) => tx.totals(FOLDER).files) === FILES)
  })

  it('tells of all at once where a file may have been moved: then others rename theirs, and copy nothing', async () => {
    await using bench = createFolderBench(72)
    const anna = bench.place('anna')
    for (const path of ['a/before', 'z/there']) anna.write(path, TEXT)
    const ben = bench.place('ben')
    await bench.until('both have it', () => ben.read('a/before') === TEXT)
    const inode = ben.device.disk.volume.get(`${ROOT}/a/before`)
    anna.write('z/after', TEXT)
    anna.device.hands.write(`${ROOT}/z/large`, new Uint8Array(LARGE_BYTES))
    for (let i = 0; i < 400; i++) anna.write(`b/${i}`, `text ${i}`)
    anna.remove('a/before')
    assert.ok(await bench.world.runUntil(() => isSaid(anna, 'z/after'), { withinMs: 300_000, everyMs: 0.1 }))
    assert.ok(isSaid(anna, 'a/before'), 'what was moved away is said together with what came')
    await bench.until('it was moved', () => ben.read('z/after') === TEXT)
    assert.equal(ben.device.disk.volume.get(`${ROOT}/z/after`), inode)
  })
})

/** Whether what the device looked for at a path since both were in sync is known and published. */
function isSaid({ daemon }: Place, path: string): boolean {
  return daemon.catalogue.read((tx) => {
    const own = tx.own(FOLDER, parseRelPath(path))
    const isChanged = own !== undefined && (own.entry.content.kind === 'deleted') === path.startsWith('a/')
    return isChanged && !tx.unpublished(FOLDER, FILES).some((entry) => entry.path === path)
  })
}
