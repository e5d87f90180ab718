/** A disk that is full, as a person meets it. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { Device, digest, pair, until } from './device.ts'
import { asSeenBy, ownDiskPrefix, ownDiskSkipReason } from './own-disk.ts'
import { assertSaid } from './said.ts'

const MEBIBYTE = 2 ** 20

describe('a full disk', () => {
  itInFull(
    'lets its folder wait and says so, while another goes on; with room it goes on by itself',
    { skip: ownDiskSkipReason() },
    async () => {
      await using anna = new Device('anna')
      await using ben = new Device('ben', { prefix: (device) => ownDiskPrefix(device.path('disk'), 8) })
      mkdirSync(ben.path('disk'))
      for (const name of ['Small', 'Other', 'Huge']) mkdirSync(anna.path(name))
      writeFileSync(anna.path('Huge/film.mp4'), randomBytes(12 * MEBIBYTE))
      await Promise.all([anna.start(), ben.start()])
      await pair(anna, ben)
      for (const name of ['Small', 'Other', 'Huge']) await anna.mustHolt('add', anna.path(name))
      await ben.mustHolt('accept', 'Small', ben.path('disk/Small'), '--yes')
      await ben.mustHolt('accept', 'Other', ben.path('Other'), '--yes')
      const there = asSeenBy(ben, ben.path('disk/Small'))
      const filler = asSeenBy(ben, ben.path('disk/filler'))
      writeFileSync(filler, Buffer.alloc(7 * MEBIBYTE))

      writeFileSync(anna.path('Small/photo.jpg'), randomBytes(6 * MEBIBYTE))
      const state = async () => (await ben.folder('Small')).state
      await until('it waits', async () => (await state()).kind === 'waiting')
      assert.match(
        (await ben.holt('status')).stdout,
        /Small .* 6.3 MB missing: The disk is full\. Free some space; it goes on by itself\./,
      )
      writeFileSync(anna.path('Other/note.txt'), 'goes on')
      await until('the other goes on', () => digest(ben.path('Other')).includes('note.txt'))
      assert.deepEqual(readdirSync(there), ['.holt'], 'nothing half-written is there under its name')
      const huge = await ben.holt('accept', 'Huge', ben.path('disk/Huge'), '--yes')
      assertSaid(huge, EXIT.refused, 'no-space', /"Huge" needs 12\.6 MB, and the disk of .* has \d\.\d MB to spare\./)

      rmSync(filler)
      await until('it goes on by itself', () => digest(there) === digest(anna.path('Small')))
      await until('it says so', async () => (await state()).kind === 'in-sync')
    },
  )
})
