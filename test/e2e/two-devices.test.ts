/** Two real daemons on one machine, driven by the real command line: the main job, and kills in the middle of it. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { itInFull } from '../scale.ts'
import { digest, until } from './device.ts'
import { same, share, withPair } from './pairs.ts'

describe('two devices on one machine', () => {
  it('keep a folder the same: adds, edits, renames, deletes, links and directories', async () => {
    await withPair(async (anna, ben) => {
      mkdirSync(anna.path('Photos/deep/er'), { recursive: true })
      writeFileSync(anna.path('Photos/deep/er/a.txt'), 'one')
      writeFileSync(anna.path('Photos/large.bin'), randomBytes(3_500_000))
      writeFileSync(anna.path('Photos/empty'), '')
      const { here, there } = await share(anna, ben)
      await until('the first sync', () => same(here, there)() && digest(there).includes('large.bin'))
      writeFileSync(join(there, 'deep/er/a.txt'), 'two')
      renameSync(join(there, 'large.bin'), join(there, 'deep/moved.bin'))
      symlinkSync('deep', join(there, 'link'))
      mkdirSync(join(there, 'nothing-in-it'))
      rmSync(join(there, 'empty'))
      await until('the edits', () => same(here, there)() && digest(here).includes('moved.bin'))
      assert.equal(readFileSync(join(here, 'deep/er/a.txt'), 'utf8'), 'two')
      assert.ok(digest(here).includes('nothing-in-it/'))
      assert.ok(!digest(here).includes('empty\n'))
    })
  })

  itInFull('keep both versions of a file that was edited on both sides, under the same names', async () => {
    await withPair(async (anna, ben) => {
      const { here, there } = await share(anna, ben)
      writeFileSync(join(here, 'note.txt'), 'first')
      await until('the note', same(here, there))
      await ben.stop()
      writeFileSync(join(here, 'note.txt'), 'by anna')
      writeFileSync(join(there, 'note.txt'), 'by ben!')
      await ben.start()
      await until('both versions', () => same(here, there)() && digest(here).includes('.conflict-'))
      const contents = readdirSync(here)
        .filter((name) => name !== '.holt')
        .map((name) => readFileSync(join(here, name), 'utf8'))
      assert.deepEqual(contents.sort(), ['by anna', 'by ben!'])
      assert.equal((await ben.holt('conflicts')).status, 6)
    })
  })

  itInFull('leave equal files on both sides alone', async () => {
    await withPair(async (anna, ben) => {
      for (const device of [anna, ben]) {
        mkdirSync(device.path('Photos'))
        writeFileSync(device.path('Photos/a.jpg'), 'the same bytes')
      }
      const before = statSync(ben.path('Photos/a.jpg'), { bigint: true })
      const { here, there } = await share(anna, ben)
      await until('in sync', async () => (await ben.status()).folders.every(({ state }) => state.kind === 'in-sync'))
      const after = statSync(join(there, 'a.jpg'), { bigint: true })
      assert.deepEqual([after.ino, after.mtimeNs, after.ctimeNs], [before.ino, before.mtimeNs, before.ctimeNs])
      assert.equal(digest(here), digest(there))
      assert.equal(readdirSync(there).length, 2)
    })
  })

  itInFull('lose nothing and end the same when either daemon is killed at any moment', async () => {
    await withPair(async (anna, ben) => {
      const { here, there } = await share(anna, ben)
      for (let round = 0; round < 4; round += 1) {
        for (let i = 0; i < 40; i += 1) writeFileSync(join(here, `f${round}-${i}`), randomBytes(20_000))
        writeFileSync(join(there, `b${round}`), randomBytes(3_000_000))
        const victim = round % 2 === 0 ? ben : anna
        await new Promise((resolve) => setTimeout(resolve, 60 * round))
        await victim.kill()
        await victim.start()
      }
      await until('the same again', () => same(here, there)() && digest(here).split('\n').length === 164)
      assert.ok(!digest(here).includes('.conflict-'))
    })
  })
})
