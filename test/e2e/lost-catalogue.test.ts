/** The catalogue is only what can be derived again: deleted, it costs a scan and a question to the others. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'
import type { Device } from './device.ts'
import { digest, until } from './device.ts'
import { same, share, untilInSync, withPair } from './pairs.ts'

interface Known {
  readonly members: readonly string[]
  readonly folders: readonly string[]
  readonly conflicts: string
}

/** What people know of their devices and folders. */
async function knownTo(device: Device): Promise<Known> {
  const { devices, folders } = await device.status()
  const { stdout } = await device.holt('conflicts', '--json')
  return {
    members: devices.map(({ id, name, role }) => `${id} ${name} ${role}`).sort(),
    folders: folders.map(({ id, name, root, digest: state }) => `${id} ${name} ${root} ${state}`),
    conflicts: stdout,
  }
}

/** Which file is there, by what changes when it is written anew. */
function looksOf(root: string): string[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('.holt'))
  return names.sort().map((name) => {
    const { ino, mtimeNs, ctimeNs } = statSync(join(root, name), { bigint: true })
    return statSync(join(root, name)).isFile() ? `${name} ${ino} ${mtimeNs} ${ctimeNs}` : name
  })
}

/** Photos and notes; an edit that replaced what the other had, and a conflict. */
async function makeHistory(anna: Device, ben: Device, here: string, there: string): Promise<void> {
  mkdirSync(join(here, 'deep'))
  writeFileSync(join(here, 'deep/old.jpg'), randomBytes(1_500_000))
  writeFileSync(join(here, 'large.mp4'), randomBytes(3_000_000))
  writeFileSync(join(here, 'note.txt'), 'first')
  writeFileSync(join(here, 'letter.txt'), 'Dear Ada')
  await until('the first sync', () => same(here, there)() && digest(there).includes('letter.txt'))
  writeFileSync(join(here, 'letter.txt'), 'Dearest Ada')
  await until('the edit', same(here, there))
  await untilInSync(anna, ben)
  await ben.stop()
  writeFileSync(join(here, 'note.txt'), 'by anna')
  writeFileSync(join(there, 'note.txt'), 'by ben!')
  await ben.start()
  await until('the conflict', () => same(here, there)() && digest(here).includes('.conflict-'))
  await untilInSync(anna, ben)
}

describe('a catalogue that was deleted', () => {
  itInFull(
    'costs nothing: members, folders, versions and conflicts stay, nothing is sent again, the deleted stays deleted',
    async () => {
      await withPair(async (anna, ben) => {
        const { here, there } = await share(anna, ben)
        await makeHistory(anna, ben, here, there)
        const before = await knownTo(ben)
        const versions = readdirSync(join(there, '.holt/versions')).filter((name) => name !== 'log')
        const log = readFileSync(join(there, '.holt/versions/log'), 'utf8')
        assert.ok(versions.length > 0 && before.conflicts.includes('conflict-'), 'there is something to lose')

        const lostMs = Date.now()
        await ben.stop()
        for (const suffix of ['', '-wal', '-shm']) rmSync(join(ben.home, `catalogue.db${suffix}`), { force: true })
        rmSync(join(here, 'deep/old.jpg'))
        const looks = [looksOf(here), looksOf(there).filter((line) => !line.startsWith('deep/old.jpg'))]
        await ben.start()
        await until('the deletion arrives', () => !existsSync(join(there, 'deep/old.jpg')))
        await untilInSync(ben, anna)

        assert.deepEqual([looksOf(here), looksOf(there)], looks, 'no file was written, on either side')
        assert.ok(same(here, there)())
        for (const device of [anna, ben]) {
          const all = (await device.events()).filter(({ atMs }) => atMs >= lostMs)
          assert.ok(
            !all.some(({ kind }) => kind === 'transfer.batch-start'),
            `${device.name} fetched or sent something`,
          )
        }
        const after = await knownTo(ben)
        assert.deepEqual([after.members, after.conflicts], [before.members, before.conflicts])
        const withoutState = (line: string): string => line.replace(/ [\da-f]{64}$/, '')
        assert.deepEqual(after.folders.map(withoutState), before.folders.map(withoutState))
        const kept = readdirSync(join(there, '.holt/versions'))
        assert.deepEqual(
          versions.filter((name) => !kept.includes(name)),
          [],
          'every version is still there',
        )
        assert.equal(kept.length, versions.length + 2, 'and what was deleted meanwhile, beside the log')
        assert.ok(readFileSync(join(there, '.holt/versions/log'), 'utf8').startsWith(log))
      })
    },
  )
})
