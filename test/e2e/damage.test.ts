/** A disk that has lost a bit, and a folder that has lost its marker, as a person meets them. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'
import Database from 'better-sqlite3'
import { EXIT } from '../../protocol/api/constants.ts'
import type { Device } from './device.ts'
import { digest, until } from './device.ts'
import { assertSaid } from './said.ts'
import { same, share, untilInSync, withPair } from './pairs.ts'

/**
 * Changes one byte of a file of a device that is stopped, as a disk does: with the size and time that it had. The time of the
 * change cannot be put back from here, so the base is told the new one.
 */
function rot(device: Device, root: string, path: string): Buffer {
  const file = join(root, path)
  const { mtimeMs } = statSync(file)
  const bytes = readFileSync(file)
  bytes.writeUInt8(bytes.readUInt8(7) ^ 1, 7)
  writeFileSync(file, bytes)
  utimesSync(file, mtimeMs / 1000, mtimeMs / 1000)
  const { size, mtimeNs, ino, ctimeNs } = statSync(file, { bigint: true })
  const catalogue = new Database(join(device.home, 'catalogue.db'))
  const changed = catalogue.prepare('update own set fingerprint = ? where name = ?')
  assert.equal(changed.run(`${size}:${mtimeNs}:${ino}:${ctimeNs}`, path).changes, 1)
  catalogue.close()
  rmSync(join(device.home, 'catalogue.db.sum'))
  return bytes
}

describe('a file that the disk has damaged', () => {
  itInFull('is listed by holt verify, and fetched again by holt verify --repair', async () => {
    await withPair(async (anna, ben) => {
      const { here, there } = await share(anna, ben)
      writeFileSync(join(here, 'letter.txt'), 'Dear Ada, all is well')
      writeFileSync(join(here, 'film.mp4'), Buffer.alloc(2_500_000, 'moving pictures'))
      await until('the first sync', () => same(here, there)() && digest(there).includes('film.mp4'))
      await untilInSync(anna, ben)
      const whole = readFileSync(join(there, 'film.mp4'))
      await ben.stop()
      const damaged = rot(ben, there, 'film.mp4')
      await ben.start()
      await until('it is scanned', async () => (await ben.folder('Photos')).state.kind === 'in-sync')

      const report = await ben.holt('verify', 'Photos')
      assert.equal(report.status, EXIT.needsAttention)
      assert.match(report.stdout, /^Photos: 2 files, 2\.5 MB read, 1 file damaged\.\n.*holt verify Photos --repair\n/)
      assert.match(await ben.mustHolt('ls', 'Photos', '--state', 'damaged'), /^damaged .* film\.mp4 .*--repair/)
      assert.match(
        (await ben.holt('status')).stdout,
        /The disk has damaged 1 file of "Photos"\. [\s\S]*holt verify "Photos" --repair/,
      )
      assert.deepEqual(readFileSync(join(there, 'film.mp4')), damaged, 'only a report')
      assert.deepEqual(readFileSync(join(here, 'film.mp4')), whole, 'what the disk has lost is nobody’s edit')

      const { mtimeMs } = statSync(join(there, 'film.mp4'))
      assert.match(
        await ben.mustHolt('verify', '--repair'),
        /1 file fetched again; what was there is in \.holt\/versions/,
      )
      assert.deepEqual(readFileSync(join(there, 'film.mp4')), whole)
      assert.equal(Math.floor(statSync(join(there, 'film.mp4')).mtimeMs), Math.floor(mtimeMs))
      const kept = readdirSync(join(there, '.holt/versions')).filter((name) => name.endsWith('~film.mp4'))
      assert.deepEqual(
        kept.map((name) => readFileSync(join(there, '.holt/versions', name)).equals(damaged)),
        [true],
      )
      assert.match(await ben.mustHolt('verify'), /all as it should be/)
    })
  })
})

describe('a folder that has lost its .holt', () => {
  itInFull(
    'halts and names the command that takes it on; then all is as it was, and nothing is transferred',
    async () => {
      await withPair(async (anna, ben) => {
        const { here, there } = await share(anna, ben)
        mkdirSync(join(here, 'deep'))
        writeFileSync(join(here, 'deep/photo.jpg'), Buffer.alloc(1_500_000, 'photo'))
        writeFileSync(join(here, 'note.txt'), 'first')
        writeFileSync(join(here, 'old.txt'), 'old')
        await until('the first sync', () => same(here, there)() && digest(there).includes('note.txt'))
        await untilInSync(anna, ben)
        await ben.stop()
        rmSync(join(there, '.holt'), { recursive: true })
        rmSync(join(there, 'old.txt'))
        writeFileSync(join(there, 'note.txt'), 'second')
        await ben.start()
        await until('it halts', async () => (await ben.folder('Photos')).state.kind === 'halted')
        const said = (await ben.holt('folders', 'Photos')).stdout
        assert.match(said, /holt folder move "Photos" ".*Photos" --adopt/)
        assertSaid(await ben.holt('folder', 'move', 'Photos', there), EXIT.refused, 'root-unmarked', /--adopt/)
        const empty = ben.path('Empty')
        mkdirSync(empty)
        assertSaid(
          await ben.holt('folder', 'move', 'Photos', empty, '--adopt'),
          EXIT.refused,
          'root-unmarked',
          /is empty/,
        )
        assert.ok(!existsSync(join(empty, '.holt')))

        await ben.mustHolt('folder', 'move', 'Photos', there, '--adopt')
        await until('the edit arrives', () => readFileSync(join(here, 'note.txt'), 'utf8') === 'second')
        await until('and the deletion', () => !existsSync(join(here, 'old.txt')))
        await untilInSync(anna, ben)
        assert.ok(same(here, there)())
        assert.ok(!digest(here).includes('.conflict-'))
        const fetched = (await ben.events()).filter(({ kind }) => kind === 'transfer.file-start')
        assert.deepEqual(
          fetched.filter((event) => 'direction' in event && event.direction === 'down'),
          [],
        )
      })
    },
  )
})
