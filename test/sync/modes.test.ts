/** What a device does with a folder: it sends only, or follows the others, or keeps what they delete. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FolderMode } from '../../protocol/group.ts'
import { override, revert } from '../../daemon/sync/follow-choices.ts'
import type { Folder } from '../../daemon/sync/folder.ts'
import { folderSettings } from '../../daemon/sync/settings.ts'
import { ROOT } from '../sim/daemon.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

function folderOf({ daemon }: Place): Folder {
  const folder = daemon.sync.engine.folder(FOLDER)
  assert.ok(folder !== undefined)
  return folder
}

const localCount = (place: Place): number => folderOf(place).deps.catalogue.read((tx) => tx.localCount(FOLDER))

const waitingCount = (place: Place): number => folderOf(place).deps.catalogue.read((tx) => tx.waitingCount(FOLDER))

/** Both have `kept.txt` and `dir/in.txt`; the network is up. */
async function pairOf(
  bench: FolderBench,
  source: FolderMode,
  destination: FolderMode,
): Promise<readonly [Place, Place]> {
  const anna = bench.place('anna', { mode: source })
  const ben = bench.place('ben', { mode: destination })
  anna.write('kept.txt', 'first')
  anna.write('dir/in.txt', 'inside')
  await bench.until(
    'both have the files',
    () => ben.read('kept.txt') === 'first' && ben.read('dir/in.txt') === 'inside',
  )
  await bench.world.runFor(5000)
  return [anna, ben]
}

async function quiet(bench: FolderBench): Promise<void> {
  await bench.world.runFor(30_000)
}

describe('a device that only receives', () => {
  it('follows edits, deletions and renames, and sends nothing of its own', async () => {
    await using bench = createFolderBench(1)
    const [anna, ben] = await pairOf(bench, 'send-receive', 'receive-only')
    ben.write('kept.txt', 'changed by ben')
    ben.write('new.txt', 'only here')
    ben.remove('dir/in.txt')
    await quiet(bench)
    assert.equal(anna.read('kept.txt'), 'first')
    assert.equal(anna.read('new.txt'), undefined)
    assert.equal(anna.read('dir/in.txt'), 'inside')
    assert.equal(ben.read('kept.txt'), 'changed by ben')
    assert.equal(localCount(ben), 3)
    anna.write('kept.txt', 'second')
    await bench.until('ben follows', () => ben.read('kept.txt') === 'second')
    assert.equal(localCount(ben), 2)
    anna.remove('kept.txt')
    await bench.until('ben follows the deletion', () => ben.read('kept.txt') === undefined)
  })

  it('puts a directory where its own file has just been moved away, and is done', async () => {
    // Whichever of the two is noticed first; until the file was put beside the directory.
    for (const afterMs of [0, 20, 40, 60, 80, 100, 120]) {
      await using bench = createFolderBench(afterMs)
      const [anna, ben] = await pairOf(bench, 'send-receive', 'receive-archive')
      ben.write('name', 'only here')
      await bench.until('it is known', () => localCount(ben) === 1)
      anna.write('name/below/in.txt', 'from anna')
      await bench.world.runFor(afterMs)
      if (ben.read('name') === undefined) break
      ben.device.hands.rename(`${ROOT}/name`, `${ROOT}/moved`)
      await bench.until('the directory is there', () => ben.read('name/below/in.txt') === 'from anna')
      await bench.until(
        'nothing is left to do',
        () => folderOf(ben).deps.catalogue.read((tx) => tx.dirtyCount(FOLDER)) === 0,
      )
      assert.deepEqual([ben.read('moved'), localCount(ben)], ['only here', 1])
    }
  })

  it('reverts nothing that is ignored by then', async () => {
    await using bench = createFolderBench(10)
    const [anna, ben] = await pairOf(bench, 'send-receive', 'receive-only')
    ben.remove('kept.txt')
    await bench.until('it is known', () => localCount(ben) === 1)
    anna.write('.holtignore', 'kept.txt\n')
    await bench.until('ben ignores it, too', () => ben.read('.holtignore') !== undefined)
    await quiet(bench)
    assert.equal(revert(folderOf(ben)), 0)
    anna.remove('.holtignore')
    await bench.until('ben ignores it no longer', () => ben.read('.holtignore') === undefined)
    await quiet(bench)
    assert.deepEqual([ben.read('kept.txt'), localCount(ben)], [undefined, 1])
    assert.equal(revert(folderOf(ben)), 1)
    await bench.until('it is back', () => ben.read('kept.txt') === 'first')
  })

  it('waits no longer for what it reverts, once that is ignored', async () => {
    await using bench = createFolderBench(11)
    const [anna, ben] = await pairOf(bench, 'send-receive', 'receive-only')
    bench.world.network.cut(anna.device.id, ben.device.id)
    ben.remove('kept.txt')
    await bench.until('it is known', () => localCount(ben) === 1)
    revert(folderOf(ben))
    await bench.until('it waits', () => waitingCount(ben) === 1)
    anna.write('.holtignore', 'kept.txt\n')
    await quiet(bench)
    bench.world.network.heal(anna.device.id, ben.device.id)
    await bench.until('ben ignores it, too', () => ben.read('.holtignore') !== undefined)
    await quiet(bench)
    assert.equal(waitingCount(ben), 0)
  })

  it('gives up what was changed there once a person says so, and everything of it is in the versions', async () => {
    await using bench = createFolderBench(2)
    const [anna, ben] = await pairOf(bench, 'send-only', 'receive-only')
    ben.write('kept.txt', 'changed by ben')
    ben.write('new/one.txt', 'only here')
    ben.remove('dir/in.txt')
    await quiet(bench)
    assert.equal(localCount(ben), 4)
    assert.equal(revert(folderOf(ben)), 4)
    await bench.until('ben is as anna', () => ben.read('kept.txt') === 'first' && ben.read('dir/in.txt') === 'inside')
    await bench.until('what was new is gone', () => ben.read('new/one.txt') === undefined)
    assert.equal(localCount(ben), 0)
    assert.deepEqual(versionsOf(ben), ['changed by ben', 'only here'])
    assert.equal(anna.read('new/one.txt'), undefined)
  })

  it('knows what is local again after its program was killed, and after a change of it', async () => {
    await using bench = createFolderBench(3)
    const [anna, ben] = await pairOf(bench, 'send-receive', 'receive-only')
    ben.write('kept.txt', 'changed by ben')
    await quiet(bench)
    ben.kill()
    ben.begin()
    await quiet(bench)
    assert.equal(localCount(ben), 1)
    ben.write('kept.txt', 'first')
    await bench.until('it is what anna has', () => localCount(ben) === 0)
    await quiet(bench)
    assert.equal(anna.read('kept.txt'), 'first')
  })

  it('passes on to a third device what it follows', async () => {
    await using bench = createFolderBench(4)
    const [anna] = await pairOf(bench, 'send-receive', 'receive-only')
    anna.kill()
    const carol = bench.place('carol')
    await bench.until('carol has it from ben', () => carol.read('kept.txt') === 'first')
  })
})

describe('an archive', () => {
  it('keeps what the others delete, and what is changed there', async () => {
    await using bench = createFolderBench(5)
    const [anna, ben] = await pairOf(bench, 'send-receive', 'receive-archive')
    anna.remove('kept.txt')
    ben.write('own.txt', 'only here')
    await quiet(bench)
    assert.equal(ben.read('kept.txt'), 'first')
    assert.equal(anna.read('own.txt'), undefined)
    anna.write('kept.txt', 'made anew')
    await bench.until('what is new is taken', () => ben.read('kept.txt') === 'made anew')
    await quiet(bench)
    assert.equal(anna.read('kept.txt'), 'made anew')
  })

  it('keeps a whole directory that was deleted, over a restart and a lost network, and nothing of it comes back elsewhere', async () => {
    await using bench = createFolderBench(6)
    const [anna, ben] = await pairOf(bench, 'send-receive', 'receive-archive')
    anna.remove('dir/in.txt')
    anna.remove('dir')
    await quiet(bench)
    ben.kill()
    ben.begin()
    await quiet(bench)
    assert.equal(ben.read('dir/in.txt'), 'inside')
    assert.equal(anna.read('dir/in.txt'), undefined)
  })

  it('has back what is deleted on it', async () => {
    await using bench = createFolderBench(7)
    const [, ben] = await pairOf(bench, 'send-receive', 'receive-archive')
    ben.remove('kept.txt')
    await bench.until('it is back', () => ben.read('kept.txt') === 'first')
  })

  it('puts its own file beside a directory of that name', async () => {
    await using bench = createFolderBench(8)
    const [anna, ben] = await pairOf(bench, 'send-receive', 'receive-archive')
    ben.write('thing', 'a file of the archive')
    await quiet(bench)
    anna.write('thing/inside.txt', 'a directory')
    await bench.until('the directory is there', () => ben.read('thing/inside.txt') === 'a directory')
    const names = ben.device.hands.walk(ROOT).map(({ path }) => path)
    const aside = names.find((name) => name.startsWith('thing.conflict-'))
    assert.ok(aside !== undefined, names.join(' '))
    assert.equal(ben.read(aside), 'a file of the archive')
    await quiet(bench)
    assert.equal(anna.read(aside), undefined)
  })
})

describe('a device that only sends', () => {
  it('takes nothing that others change, and says what differs', async () => {
    await using bench = createFolderBench(9)
    const [anna, ben] = await pairOf(bench, 'send-only', 'send-receive')
    ben.write('kept.txt', 'changed by ben')
    ben.write('new.txt', 'made by ben')
    ben.remove('dir/in.txt')
    await quiet(bench)
    assert.equal(anna.read('kept.txt'), 'first')
    assert.equal(anna.read('new.txt'), undefined)
    assert.equal(anna.read('dir/in.txt'), 'inside')
    anna.write('other.txt', 'still sent')
    await bench.until('its own edits go out', () => ben.read('other.txt') === 'still sent')
  })

  it('makes the others as it is once a person says so', async () => {
    await using bench = createFolderBench(10)
    const [anna, ben] = await pairOf(bench, 'send-only', 'send-receive')
    ben.write('kept.txt', 'changed by ben')
    ben.write('new.txt', 'made by ben')
    ben.remove('dir/in.txt')
    await quiet(bench)
    assert.equal(override(folderOf(anna)), 3)
    await bench.until('ben is as anna', () => ben.read('kept.txt') === 'first' && ben.read('dir/in.txt') === 'inside')
    await bench.until('what ben made is gone', () => ben.read('new.txt') === undefined)
    assert.equal(anna.read('new.txt'), undefined)
    assert.deepEqual(versionsOf(ben), ['changed by ben', 'made by ben'])
    assert.equal(override(folderOf(anna)), 0)
  })

  it('does not take for deleted what it leaves out', async () => {
    await using bench = createFolderBench(12)
    const [anna, ben] = await pairOf(bench, 'send-receive', 'send-receive')
    const settings = { id: FOLDER, name: 'Photos', path: ROOT, mode: 'send-only' } as const
    const change = anna.daemon.sync.engine.change(
      folderSettings({ ...settings, selection: { include: [], exclude: ['/dir'] } }),
    )
    await bench.until('anna has no directory any more', () => anna.read('dir/in.txt') === undefined)
    await change
    ben.write('dir/in.txt', 'edited by ben')
    ben.write('dir/more.txt', 'of ben')
    ben.write('kept.txt', 'changed by ben')
    await quiet(bench)
    assert.equal(override(folderOf(anna)), 1, 'only what anna keeps')
    await bench.until('that is as anna has it', () => ben.read('kept.txt') === 'first')
    await quiet(bench)
    assert.deepEqual([ben.read('dir/in.txt'), ben.read('dir/more.txt')], ['edited by ben', 'of ben'])
  })
})

/** The contents that the versions of a device hold, sorted. */
function versionsOf({ device }: Place): string[] {
  const found = device.hands
    .walk(`${ROOT}/.holt/versions`)
    .filter(({ path, kind }) => kind === 'file' && path !== 'log')
  return found.map(({ content }) => new TextDecoder().decode(content)).sort()
}
