/** Copies of the group log in the roots of folders, on a real disk. */

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createRoot } from '../../daemon/disk/create-root.ts'
import { readGroupCopies, writeGroupCopy } from '../../daemon/disk/group-copies.ts'
import { GroupCopies, readCopies } from '../../daemon/service/group-copies.ts'
import { encodeGroupLog, decodeGroupLog } from '../../daemon/sync/group-file.ts'
import { folderIdOf, parseGroupId } from '../../protocol/ids.ts'
import { crypto } from '../core/group-script.ts'
import { GroupBench } from '../sync/group-bench.ts'

const FOLDER = folderIdOf(new Uint8Array(16).fill(5))
const GROUP = parseGroupId('ab'.repeat(32))
let directory = ''
before(async () => (directory = await mkdtemp(join(tmpdir(), 'holt-copies-'))))
after(() => rm(directory, { recursive: true, force: true }))

async function rootNamed(name: string): Promise<string> {
  const root = join(directory, name)
  await createRoot({ path: root, folder: FOLDER })
  return root
}

describe('a copy of the group log in a root', () => {
  it('is replaced whole, beside those of other groups, and leaves nothing else behind', async () => {
    const root = await rootNamed('replaced')
    const other = parseGroupId('cd'.repeat(32))
    for (const [group, byte] of [
      [GROUP, 1],
      [other, 2],
      [GROUP, 3],
    ] as const)
      assert.equal(await writeGroupCopy(root, FOLDER, group, Uint8Array.of(byte)), true)
    assert.deepEqual((await readdir(join(root, '.holt/group'))).sort(), [GROUP, other])
    assert.deepEqual(
      (await readGroupCopies(root)).map(([byte]) => byte),
      [3, 2],
    )
  })

  it('is not written where the root is another folder, or not there, and never through a symbolic link', async () => {
    const root = await rootNamed('other')
    const bytes = Uint8Array.of(1)
    assert.equal(await writeGroupCopy(root, folderIdOf(new Uint8Array(16).fill(6)), GROUP, bytes), false)
    assert.equal(await writeGroupCopy(join(directory, 'none'), FOLDER, GROUP, bytes), false)
    const outside = join(directory, 'outside')
    await mkdir(outside)
    await symlink(outside, join(root, '.holt/group'))
    await assert.rejects(writeGroupCopy(root, FOLDER, GROUP, bytes), { code: 'EEXIST' })
    assert.deepEqual(await readdir(outside), [])
    await unlink(join(root, '.holt/group'))
    await writeFile(join(outside, 'precious'), 'as it was')
    await mkdir(join(root, '.holt/group'))
    await symlink(join(outside, 'precious'), join(root, '.holt/group', GROUP))
    assert.equal(await writeGroupCopy(root, FOLDER, GROUP, bytes), true)
    assert.equal(await readFile(join(outside, 'precious'), 'utf8'), 'as it was')
  })

  it('follows the log, and teaches a device whose own state is older', async () => {
    const bench = new GroupBench('copies')
    const anna = await bench.start('anna')
    const root = await rootNamed('follows')
    const partsFor = (log: typeof anna.log) => ({
      log,
      store: { read: readGroupCopies, write: writeGroupCopy },
      crypto,
      events: { event: () => undefined },
      roots: () => [{ id: FOLDER, path: root }],
    })
    const settle = async (log: typeof anna.log): Promise<void> => {
      const copies = new GroupCopies(partsFor(log))
      copies.touch()
      await copies[Symbol.asyncDispose]()
    }
    const backup = (await bench.wait(anna.ports.state.read('group'))) ?? assert.fail()
    await bench.wait(anna.log.rename('annabel'))
    const writing = new GroupCopies(partsFor(anna.log))
    writing.touch()
    writing.touch()
    await writing[Symbol.asyncDispose]()
    const [copy] = readCopies(await readGroupCopies(root), crypto)
    assert.deepEqual(copy?.heads, anna.log.state.heads)

    await bench.wait(anna.ports.state.write('group', backup))
    anna.device.kill({ power: false })
    const again = await bench.start('anna')
    assert.equal(again.log.ops.length, decodeGroupLog(backup, crypto).order.length)
    await settleInWorld(bench, settle(again.log))
    assert.equal(encodeGroupLog(again.log.ops).join(), encodeGroupLog(copy.order).join())
  })
})

/** Real disk and simulated time go on in turns. */
async function settleInWorld(bench: GroupBench, work: Promise<void>): Promise<void> {
  const end = { isReached: false }
  void work.finally(() => (end.isReached = true))
  for (let i = 0; i < 500; i++) {
    await bench.world.runFor(10)
    await new Promise((resolve) => setImmediate(resolve))
    if (end.isReached) break
  }
  await work
}
