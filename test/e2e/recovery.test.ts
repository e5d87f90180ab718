/** Every device of a group is gone. What is left: twelve words on paper, and a disk with the files. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, renameSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import type { DeviceList } from '../../protocol/api/devices.ts'
import { Device, digest, firstLine, pair, until } from './device.ts'
import { same, share, untilInSync } from './pairs.ts'
import { assertSaid } from './said.ts'

const devicesOf = async (device: Device): Promise<DeviceList> => (await device.ask('/devices')) as DeviceList
const rolesOf = async (device: Device): Promise<string[]> =>
  (await devicesOf(device)).devices.map(({ name, role }) => `${name} ${role}`).sort()

/** Shown until a person has them, on the device that founded the group. @returns the words */
async function writeDown(lost: Device, ben: Device): Promise<string> {
  const words = (await lost.mustHolt('recovery', 'show')).trim()
  assert.equal(words.split(' ').length, 12)
  assert.equal((await lost.mustHolt('recovery', 'show')).trim(), words, 'they are kept until a person has them')
  assertSaid(await ben.holt('recovery', 'show'), EXIT.notFound, 'words-elsewhere', /made on lost/, /founded/)
  await lost.mustHolt('recovery', 'show', '--written-down')
  assertSaid(
    await lost.holt('recovery', 'show'),
    EXIT.refused,
    'words-forgotten',
    /cannot be shown again/,
    /written down/,
  )
  assert.deepEqual(
    readdirSync(join(lost.home, 'state')).filter((name) => name.startsWith('recovery-')),
    [],
  )
  return words
}

/** Every way of using them that changes nothing. */
async function refused(fresh: Device, words: string, disk: string): Promise<void> {
  const mistyped = words.replace(/^(\S+)/, '$1x')
  const misread = await fresh.holtWith(mistyped, 'recovery', 'use')
  assert.equal(misread.status, EXIT.usage)
  assert.match(misread.stderr, /^holt: Word 1, "\w+x", is none of the list\. Did you mean "\w+"\?\n.*stdin/)
  assertSaid(
    await fresh.holtWith(words, 'recovery', 'use'),
    EXIT.notFound,
    'no-group-log',
    /nothing that the words/,
    /disk/,
  )
  const unasked = await fresh.holtWith(words, 'recovery', 'use', disk)
  assert.equal(unasked.status, EXIT.refused)
  assert.match(unasked.stderr, /an admin of "lost's devices"\.\n.*--yes/)
  assert.match(unasked.stderr, /Devices: lost, ben\n/)
}

describe('the recovery words', () => {
  itInFull(
    'restore membership from the disk of a dead device, and the folder goes on with nothing copied',
    async () => {
      await using lost = new Device('lost')
      await using ben = new Device('ben')
      await using fresh = new Device('fresh')
      await Promise.all([lost.start(), ben.start()])
      await pair(lost, ben)
      const { here, there } = await share(lost, ben)
      mkdirSync(join(here, 'album'))
      writeFileSync(join(here, 'album/one.jpg'), 'one')
      writeFileSync(join(here, 'two.jpg'), 'two')
      await until('both have all', () => same(here, there)() && digest(there).includes('two.jpg'))
      await untilInSync(lost, ben)
      const { id } = await lost.folder('Photos')
      const group = (await lost.status()).group.id

      const words = await writeDown(lost, ben)
      await until('the copy of the log has both', () => existsSync(join(here, '.holt/group', group)))
      await lost.kill()
      await ben.kill()
      const disk = fresh.path('old disk')
      renameSync(here, disk)
      const before = digest(disk)
      await fresh.start()

      await refused(fresh, words, disk)
      assert.notEqual((await fresh.status()).group.id, group, 'nothing was changed yet')
      const used = await fresh.holtWith(words.toUpperCase().replaceAll(' ', '\n'), 'recovery', 'use', disk, '--yes')
      assert.equal(used.status, EXIT.ok, used.stderr)
      assert.equal((await fresh.status()).group.id, group)
      assert.deepEqual(await rolesOf(fresh), ['ben admin', 'fresh admin', 'lost admin'])

      await fresh.mustHolt('add', disk)
      assert.equal((await fresh.folder('old disk').catch(() => fresh.folder('Photos'))).id, id)
      await until('it has looked at all of it', async () => (await fresh.folder('Photos')).held.files === 2)
      assert.equal(digest(disk), before, 'nothing was copied, nothing is a conflict')

      assertSaid(
        await fresh.holt('device', 'remove', 'lost', '--lost'),
        EXIT.refused,
        'senior-device',
        /before/,
        /--words/,
      )
      const removed = await fresh.holtWith(words, 'device', 'remove', 'lost', '--lost', '--words')
      assert.equal(removed.status, EXIT.ok, removed.stderr)
      assert.match(await fresh.mustHolt('devices'), /× lost +lost +\S+ \S+ +with the recovery words\n/)

      await ben.start()
      const showing = ben.begin('pair')
      const dialled = ['pair', '--address', await ben.address(), await firstLine(showing)]
      assertSaid(await fresh.holt(...dialled), EXIT.refused, 'already-paired', /ben is in this group already/)
      showing.kill()
      await until(
        'ben, who comes back, takes the newcomer in',
        async () => (await rolesOf(ben)).join() === 'ben admin,fresh admin',
      )
    },
  )
})

describe('a member', () => {
  itInFull('keeps folders and pairs members, and is refused what only an admin may', async () => {
    await using anna = new Device('anna')
    await using ben = new Device('ben')
    await using cleo = new Device('cleo')
    await Promise.all([anna.start(), ben.start(), cleo.start()])
    const showing = anna.begin('pair', '--member')
    const code = await firstLine(showing)
    const joined = await ben.mustHolt('pair', '--address', await anna.address(), code)
    assert.match(joined, /This device is a member there/)
    if (showing.exitCode === null) await once(showing, 'close')
    await pair(ben, cleo)
    await until('all know all', async () => (await rolesOf(anna)).join() === 'anna admin,ben member,cleo member')
    assertSaid(
      await ben.holt('device', 'remove', 'cleo'),
      EXIT.refused,
      'not-allowed',
      /Only an admin may remove cleo/,
      /anna/,
    )
    assertSaid(
      await ben.holt('device', 'role', 'ben', 'admin'),
      EXIT.refused,
      'not-allowed',
      /Only an admin/,
      /recovery use/,
    )
    assertSaid(
      await anna.holt('device', 'role', 'anna', 'member'),
      EXIT.refused,
      'last-admin',
      /only admin/,
      /device role/,
    )
    assert.match(await anna.mustHolt('devices'), /ben +online +\S+ +member/)
    await anna.mustHolt('device', 'role', 'ben', 'admin')
    await until('ben is an admin', async () => (await rolesOf(ben)).includes('ben admin'))
    await ben.mustHolt('device', 'remove', 'cleo', '--lost')

    await until('cleo is told by whom', async () =>
      (await cleo.status()).attention.some(({ detail }) =>
        /removed from the group .* as lost by ben, on /.test(detail),
      ),
    )
    const status = await cleo.holt('status')
    assert.match(status.stdout, /Its files stay, and no longer sync\.[^]*→ holt leave\n/)
    const again = anna.begin('pair')
    const another = await firstLine(again)
    const typed = ['pair', '--address', await anna.address(), another]
    assertSaid(await cleo.holt(...typed), EXIT.refused, 'not-allowed', /removed/, /holt leave|admin/)
    await cleo.mustHolt('leave')
    await until('cleo is alone', async () => (await rolesOf(cleo).catch(() => [])).join() === 'cleo admin')
    await cleo.mustHolt(...typed)
    if (again.exitCode === null) await once(again, 'close')
    await until('cleo is back, with another key', async () => (await rolesOf(ben)).includes('cleo admin'))
    assert.match(await ben.mustHolt('devices'), /× cleo +lost +\S+ \S+ +by ben\n/)
  })
})
