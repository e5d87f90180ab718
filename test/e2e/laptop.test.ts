/** What laptops go through: a folder that was moved, a disk that is not mounted, a lid that was closed. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { Device } from './device.ts'
import { digest, until } from './device.ts'
import { same, share, untilInSync, withPair } from './pairs.ts'

const FILM_BYTES = 40 * 2 ** 20
/** Of everything that a daemon reads while it opens a folder anew. */
const READ_BYTES_MAX = 10 * 2 ** 20
/** More than a machine may be busy with other things. */
const ASLEEP_MS = 13_000
/** How soon devices are online again. */
const REDIALLED_MS = 3000

/** Bytes that the daemon has read since it started; undefined where the system does not count them. */
function bytesRead(device: Device): number | undefined {
  const file = `/proc/${device.pid}/io`
  if (!existsSync(file)) return undefined
  return Number(/^rchar: (\d+)/m.exec(readFileSync(file, 'utf8'))?.[1])
}

/** How long after it noticed its sleep the device was connected anew. */
async function onlineAfterResumeMs(device: Device): Promise<number | undefined> {
  const events = await device.events()
  const resumed = events.find(({ kind }) => kind === 'daemon.resumed')
  const online = events.find(({ kind, atMs }) => kind === 'device.online' && atMs >= (resumed?.atMs ?? Infinity))
  return resumed === undefined || online === undefined ? undefined : online.atMs - resumed.atMs
}

/** What `holt status` shows, once the folder is halted. */
async function shownHalt(device: Device): Promise<string> {
  await until('the folder halts', async () => (await device.folder('Photos')).state.kind === 'halted')
  const { status, stdout } = await device.holt('status')
  assert.equal(status, EXIT.needsAttention)
  return stdout
}

describe('a folder that was moved', () => {
  for (const when of ['while Holt ran', 'while Holt was stopped'] as const) {
    itInFull(`${when} halts, and holt folder move recognises it and reads nothing again`, async () => {
      await withPair(async (anna, ben) => {
        mkdirSync(ben.path('Photos'))
        writeFileSync(ben.path('Photos/film.mp4'), randomBytes(FILM_BYTES))
        writeFileSync(ben.path('Photos/note.txt'), 'a note')
        const { here, there } = await share(ben, anna)
        await until('the first sync', same(here, there))
        await untilInSync(anna, ben)
        const before = digest(there)
        if (when === 'while Holt was stopped') await anna.stop()
        renameSync(there, anna.path('Pictures'))
        if (when === 'while Holt was stopped') await anna.start()
        const shown = await shownHalt(anna)
        assert.match(shown, /Photos is not there\. Mount its disk, or say where it was moved\./)
        assert.match(shown, /→ holt folder move "Photos" NEWPATH/)
        assert.equal(digest(here), before, 'nothing was deleted elsewhere')

        mkdirSync(anna.path('Empty'))
        const wrong = await anna.holt('folder', 'move', 'Photos', anna.path('Empty'))
        assert.equal(wrong.status, EXIT.refused)
        assert.match(wrong.stderr, /Empty is not where "Photos" was moved to: .* \[root-unmarked\]/)
        const readBefore = bytesRead(anna)
        await anna.mustHolt('folder', 'move', 'Photos', anna.path('Pictures'))
        await untilInSync(anna, ben)
        const readAfter = bytesRead(anna)
        if (readBefore !== undefined && readAfter !== undefined) {
          assert.ok(readAfter - readBefore < READ_BYTES_MAX, `${readAfter - readBefore} bytes were read`)
        }
        assert.equal(digest(anna.path('Pictures')), before)
        writeFileSync(join(here, 'note.txt'), 'edited')
        await until('it goes on at the new place', same(here, anna.path('Pictures')))
        assert.ok(!existsSync(there), 'nothing is made at the old place')
      })
    })
  }
})

describe('a disk that is not mounted', () => {
  itInFull('halts its folder and deletes nothing, and goes on by itself once it is back', async () => {
    await withPair(async (anna, ben) => {
      mkdirSync(anna.path('Photos'))
      writeFileSync(anna.path('Photos/only.jpg'), 'the only one')
      const { here, there } = await share(anna, ben)
      await until('the first sync', () => same(here, there)() && digest(there).includes('only.jpg'))
      await untilInSync(anna, ben)
      renameSync(here, anna.path('unplugged'))
      mkdirSync(here)
      assert.match(await shownHalt(anna), /Photos is there, but not the folder that it was\./)
      await anna.stop()
      await anna.start()
      assert.match(await shownHalt(anna), /Photos is there, but not the folder that it was\./)
      writeFileSync(join(there, 'new.jpg'), 'written meanwhile')
      await until('the other has it', async () => (await ben.folder('Photos')).held.files === 2)
      assert.ok(digest(there).includes('only.jpg') && digest(here) === '', 'neither deleted nor written to')
      rmSync(here, { recursive: true })
      renameSync(anna.path('unplugged'), here)
      await until('it goes on', () => same(here, there)() && digest(here).includes('new.jpg'))
    })
  })
})

describe('a lid that was closed', () => {
  itInFull('is noticed when it is opened: everything is looked at, and the others are dialled within 3 s', async () => {
    await withPair(async (anna, ben) => {
      mkdirSync(anna.path('Photos'))
      writeFileSync(anna.path('unwatched.txt'), 'one')
      // Under this name no watcher sees what is written through the other.
      linkSync(anna.path('unwatched.txt'), anna.path('Photos/watched.txt'))
      const { here, there } = await share(anna, ben)
      await until('the first sync', () => same(here, there)() && digest(there).includes('watched.txt'))
      await untilInSync(anna, ben)
      process.kill(anna.pid, 'SIGSTOP')
      writeFileSync(anna.path('unwatched.txt'), 'two')
      // Whoever sleeps has lost its connections when it wakes: the other has started anew meanwhile.
      await ben.kill()
      await ben.start()
      await delay(ASLEEP_MS)
      process.kill(anna.pid, 'SIGCONT')
      const isBack = async (): Promise<boolean> => (await onlineAfterResumeMs(anna)) !== undefined
      await until('they are online again', isBack)
      assert.ok(((await onlineAfterResumeMs(anna)) ?? Infinity) <= REDIALLED_MS)
      await until('what no watcher saw', same(here, there))
      assert.equal(readFileSync(join(there, 'watched.txt'), 'utf8'), 'two')
    })
  })
})
