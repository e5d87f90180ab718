/** What a person chooses for a folder, with real daemons and the real command line: modes, policies, and which content stays. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { itInFull } from '../scale.ts'
import type { Device } from './device.ts'
import { until } from './device.ts'
import { same, share, untilInSync, withPair } from './pairs.ts'

const namesIn = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name !== '.holt')
    .sort()
const textsIn = (directory: string): string[] =>
  namesIn(directory).map((name) => readFileSync(join(directory, name), 'utf8'))

/** Both write `note.txt` while they cannot hear each other. */
async function bothWrite(anna: Device, ben: Device, here: string, there: string): Promise<void> {
  writeFileSync(join(here, 'note.txt'), 'first')
  await until('the note', same(here, there))
  await untilInSync(anna, ben)
  await ben.stop()
  writeFileSync(join(here, 'note.txt'), 'by anna')
  writeFileSync(join(there, 'note.txt'), 'by ben!')
  await ben.start()
}

describe('a conflict', () => {
  itInFull('shows both contents, and what is chosen on one device is chosen on all', async () => {
    await withPair(async (anna, ben) => {
      const { here, there } = await share(anna, ben)
      await bothWrite(anna, ben, here, there)
      await until('both contents', () => same(here, there)() && namesIn(here).length === 2)
      // Both make the copy; a choice that crosses the other's half of it asks again.
      await untilInSync(anna, ben)
      const shown = await anna.holt('conflicts')
      assert.match(shown.stdout, /mine .* on anna, 7 B: note/)
      assert.match(shown.stdout, /theirs .* on ben, 7 B: note/)
      assert.equal(shown.status, 6)
      const said = await anna.mustHolt('resolve', join(here, 'note.txt'), '--keep', 'mine')
      assert.match(said, /settled/)
      await until('one is left, on both', () => same(here, there)() && namesIn(there).length === 1)
      assert.deepEqual(textsIn(there), ['by anna'])
      assert.equal((await ben.holt('conflicts')).status, 0)
      assert.equal((await anna.holt('resolve', join(here, 'note.txt'), '--keep', 'mine')).status, 5)
    })
  })

  itInFull('waits for a person where the policy is manual, and goes as the person says', async () => {
    await withPair(async (anna, ben) => {
      const { here, there } = await share(anna, ben)
      await anna.mustHolt('folder', 'set', 'Photos', '--conflicts', 'manual')
      await until('ben knows of it', async () => (await ben.folder('Photos')).conflictPolicy === 'manual')
      await bothWrite(anna, ben, here, there)
      await until('ben shows it', async () => (await ben.holt('conflicts')).status === 6)
      assert.deepEqual([textsIn(here), textsIn(there)], [['by anna'], ['by ben!']])
      await ben.mustHolt('resolve', join(there, 'note.txt'), '--keep', 'theirs')
      await until('it is settled', () => textsIn(there)[0] === 'by anna')
      await until('anna has heard', async () => (await anna.holt('conflicts')).status === 0)
      assert.deepEqual([textsIn(here), textsIn(there)], [['by anna'], ['by anna']])
    })
  })
})

describe('a mode', () => {
  it('is chosen when a folder is accepted: a receiver sends nothing, says so, and reverts', async () => {
    await withPair(async (anna, ben) => {
      const here = anna.path('Photos')
      const there = ben.path('Photos')
      mkdirSync(here)
      writeFileSync(join(here, 'a.txt'), 'of anna')
      await anna.mustHolt('add', here)
      await ben.mustHolt('accept', 'Photos', there, '--mode', 'receive-only')
      await until('ben has it', () => existsSync(join(there, 'a.txt')))
      writeFileSync(join(there, 'a.txt'), 'of ben')
      writeFileSync(join(there, 'b.txt'), 'only here')
      await until('ben says so', async () => (await ben.folder('Photos')).localChanges === 2)
      assert.match((await ben.holt('status')).stdout, /holt revert "?Photos/)
      assert.equal((await ben.holt('folder', 'set', 'Photos', '--mode', 'send-receive')).status, 4)
      await ben.mustHolt('revert', 'Photos')
      await until('ben is as anna', same(here, there))
      assert.deepEqual(namesIn(here), ['a.txt'])
      await ben.mustHolt('folder', 'set', 'Photos', '--mode', 'send-receive')
      writeFileSync(join(there, 'c.txt'), 'sent now')
      await until('anna has it', () => existsSync(join(here, 'c.txt')))
    })
  })

  itInFull('that only sends takes nothing, says what others changed, and overrides it', async () => {
    await withPair(async (anna, ben) => {
      const { here, there } = await share(anna, ben)
      writeFileSync(join(here, 'a.txt'), 'of anna')
      await until('ben has it', same(here, there))
      await anna.mustHolt('folder', 'set', 'Photos', '--mode', 'send-only')
      writeFileSync(join(there, 'a.txt'), 'of ben')
      await until('anna says so', async () => (await anna.folder('Photos')).heldBack === 1)
      assert.equal(readFileSync(join(here, 'a.txt'), 'utf8'), 'of anna')
      assert.match((await anna.holt('status')).stdout, /holt override "?Photos/)
      await anna.mustHolt('override', 'Photos')
      await until('ben is as anna', same(here, there))
      assert.equal(readFileSync(join(there, 'a.txt'), 'utf8'), 'of anna')
    })
  })
})
