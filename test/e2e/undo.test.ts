/** The person who deletes half of a shared folder by mistake, with the shell: one command brings all of it back on all devices. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { itInFull } from '../scale.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { Device, digest, pair, until } from './device.ts'
import { untilInSync } from './pairs.ts'
import { assertSaid } from './said.ts'

const ALBUMS = 11
const FILES_IN_ALBUM = 20
/** Six albums are more than half and more than a hundred; four are too few to be asked about. */
const MOST = 6
const SOME = 4

const rootOf = (device: Device): string => device.path('Photos')
const albumOf = (device: Device, no: number): string => join(rootOf(device), `album ${no}`)

async function withThree(body: (all: readonly [Device, Device, Device]) => Promise<void>): Promise<void> {
  await using anna = new Device('anna')
  await using ben = new Device('ben')
  await using carol = new Device('carol')
  await Promise.all([anna.start(), ben.start(), carol.start()])
  await pair(anna, ben)
  await pair(anna, carol)
  for (let no = 0; no < ALBUMS; no += 1) {
    mkdirSync(join(albumOf(anna, no), 'empty'), { recursive: true })
    for (let i = 0; i < FILES_IN_ALBUM; i += 1) writeFileSync(join(albumOf(anna, no), `${i}.jpg`), `photo ${no} ${i}`)
  }
  await anna.mustHolt('add', rootOf(anna))
  for (const device of [ben, carol]) await device.mustHolt('accept', 'Photos', rootOf(device), '--yes')
  const all = [anna, ben, carol] as const
  await until('the first sync', () => all.every((device) => digest(rootOf(device)) === digest(rootOf(anna))))
  await untilInSync(...all)
  await body(all)
}

/** As a person does it. */
function rm(device: Device, albums: number): void {
  const paths = Array.from({ length: albums }, (_, no) => albumOf(device, no))
  execFileSync('/bin/rm', ['-r', ...paths])
}

/** The first command that `holt status` shows, as it is to be typed; only once the folder has halted. */
async function firstCommand(device: Device): Promise<string> {
  let shown = ''
  await until(`${device.name} has halted`, async () => {
    const { status, stdout } = await device.holt('status')
    shown = stdout
    return status === EXIT.needsAttention && / entries were deleted/.test(stdout)
  })
  const [, command = ''] = /→ holt (.*)\n/.exec(shown) ?? []
  return command
}

/** The words of a command, as a shell takes them apart. */
function wordsOf(command: string): string[] {
  return execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' })
    .trimEnd()
    .split('\n')
}

describe('half of a shared folder deleted by mistake', () => {
  it('halts on every device, and the one command that status names first brings it back; below that, holt undo does', async () => {
    await withThree(async (all) => {
      const [anna, ben, carol] = all
      const before = digest(rootOf(anna))
      rm(anna, MOST)
      const commands = await Promise.all(all.map(firstCommand))
      assert.deepEqual(new Set(commands), new Set(['reject "Photos"']), 'all three name the same command')
      assert.deepEqual([digest(rootOf(ben)), digest(rootOf(carol))], [before, before], 'nothing went away elsewhere')
      const undo = await anna.holt('undo')
      assertSaid(
        undo,
        EXIT.refused,
        'folder-not-ready',
        /"Photos" waits for a person\./,
        /\nRun: holt reject "Photos"\n/,
      )
      await carol.mustHolt(...wordsOf(commands[2] ?? ''))
      await until('all is back', () => all.every((device) => digest(rootOf(device)) === before))
      await untilInSync(...all)

      rm(anna, SOME)
      const isGone = (device: Device): boolean =>
        !Array.from({ length: SOME }, (_, no) => albumOf(device, no)).some(existsSync)
      await until('the deletions', () => all.every(isGone))
      await untilInSync(...all)
      const listed = await anna.mustHolt('undo', '--list')
      assert.match(listed, /^Photos: anna deleted 88, .*\n {4}→ holt undo --batch /)
      const [, gone = ''] = /(album 0\/3\.jpg)/.exec(await carol.mustHolt('versions', albumOf(carol, 0), '-r')) ?? []
      assert.equal(gone, 'album 0/3.jpg')
      const said = await anna.mustHolt('undo')
      assert.match(said, /^Taken back: Photos: anna deleted 88, .*\n88 paths came back/)
      await until('all is back again', () => all.every((device) => digest(rootOf(device)) === before))
      await untilInSync(...all)
      assert.match(await ben.mustHolt('undo'), /\n88 paths are so already\.\n/)

      rm(anna, 1)
      assert.match(await anna.mustHolt('undo'), /anna deleted \d+, .*\n22 paths came back/, 'what was done just now')
      await until('all is back at once', () => all.every((device) => digest(rootOf(device)) === before))
    })
  })
})

describe('holt restore', () => {
  itInFull(
    'brings back a file or a directory: in place, beside it, or outside of the folder, and never over anything',
    async () => {
      await withThree(async ([anna, ben, carol]) => {
        const all = [anna, ben, carol]
        const before = digest(rootOf(anna))
        const file = join(albumOf(ben, 1), '2.jpg')
        writeFileSync(join(albumOf(anna, 1), '2.jpg'), 'spoilt')
        rm(anna, 1)
        await until('both', () => all.every((device) => digest(rootOf(device)) === digest(rootOf(anna))))
        await until('both', () => readdirSync(join(rootOf(ben), '.holt/versions')).length >= FILES_IN_ALBUM + 2)
        await untilInSync(...all)

        const copy = ben.path('copy.jpg')
        assert.match(await ben.mustHolt('restore', file, '--to', copy), /: 1 path came back \(\d+ B\)\. From ben\.\n$/)
        assert.equal(readFileSync(copy, 'utf8'), 'photo 1 2')
        const taken = await ben.holt('restore', file, '--to', copy)
        assertSaid(taken, EXIT.refused, 'target-exists', /copy\.jpg is there already\./, /--overwrite/)
        await ben.mustHolt('restore', file, '--to', copy, '--overwrite')
        await ben.mustHolt('restore', albumOf(ben, 0), '--to', ben.path('album'))
        assert.deepEqual(readdirSync(ben.path('album')).length, FILES_IN_ALBUM)
        await ben.mustHolt('restore', file, '--to', join(rootOf(ben), 'beside.jpg'))
        await until('it is a new file everywhere', () => digest(rootOf(carol)).includes('beside.jpg'))
        const beside = await ben.holt('restore', file, '--to', join(rootOf(ben), 'beside.jpg'))
        assertSaid(beside, EXIT.refused, 'target-exists')
        const elsewhere = await anna.holt('restore', join(albumOf(anna, 0), '1.jpg'), '--to', anna.path('x'))
        assertSaid(elsewhere, EXIT.refused, 'kept-elsewhere', /(ben|carol) keeps it/)
        assertSaid(await ben.holt('restore', file, '--at', '1s'), EXIT.notFound, 'nothing-kept', /was not replaced/)
        assertSaid(await ben.holt('restore', join(rootOf(ben), 'never')), EXIT.notFound, 'nothing-kept')

        rmSync(join(rootOf(ben), 'beside.jpg'))
        await carol.mustHolt('restore', join(albumOf(carol, 1), '2.jpg'))
        assert.match(await anna.mustHolt('restore', albumOf(anna, 0)), /: 2[12] paths came back/)
        await until('it is as before', () => all.every((device) => digest(rootOf(device)) === before))
      })
    },
  )
})
