/** Which group two devices are in once they are paired: the one with other members, whoever showed the code. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { Device, digest, firstLine, pair, until } from './device.ts'
import { assertSaid } from './said.ts'

const groupOf = async (device: Device): Promise<string> => (await device.status()).group.id
const namesIn = async (device: Device): Promise<string> =>
  (await device.status()).devices
    .map(({ name }) => name)
    .sort()
    .join()

describe('the group of two devices that are paired', () => {
  itInFull(
    'is the one with other members, whoever showed the code; folders of the other come along, and two such groups stay apart',
    async () => {
      await using anna = new Device('anna')
      await using ben = new Device('ben')
      await using carol = new Device('carol')
      await using dora = new Device('dora')
      await using emil = new Device('emil')
      for (const device of [anna, ben, carol, dora, emil]) await device.start()
      const own = await groupOf(anna)

      await pair(anna, ben)
      assert.equal(await groupOf(ben), own, "neither has others: the inviter's")
      await pair(ben, carol)
      assert.equal(await groupOf(carol), own, "the inviter has others: the inviter's")

      mkdirSync(dora.path('Music'))
      writeFileSync(dora.path('Music/song.mp3'), 'la la la')
      await dora.mustHolt('add', dora.path('Music'))
      const { id } = await dora.folder('Music')
      await pair(dora, carol)
      assert.equal(
        await groupOf(dora),
        own,
        "the joiner has others: the joiner's, although the inviter showed the code",
      )
      assert.equal((await dora.folder('Music')).id, id, 'it is offered again under its id')
      await carol.mustHolt('accept', 'Music', carol.path('Music'), '--yes')
      await until('the folder came along', () => digest(carol.path('Music')) === digest(dora.path('Music')))
      await until('all know all', async () => (await namesIn(anna)) === 'anna,ben,carol,dora')

      await using fritz = new Device('fritz')
      await fritz.start()
      await pair(emil, fritz)
      const showing = anna.begin('pair')
      const ended = once(showing, 'close')
      const code = await firstLine(showing)
      const typed = ['pair', '--address', await anna.address(), code]
      const refused = await emil.holt(...typed)
      assertSaid(
        refused,
        EXIT.refused,
        'both-in-groups',
        /This device is in group emil's devices with fritz\./,
        /holt leave/,
      )
      assert.equal(showing.exitCode, null, 'the code is not spent')
      await emil.mustHolt('leave')
      await until(
        'emil is alone',
        async () => (await emil.ask('/status')) !== undefined && (await namesIn(emil)) === 'emil',
      )
      await emil.mustHolt(...typed)
      await ended
      assert.equal(showing.exitCode, EXIT.ok)
      assert.equal(await groupOf(emil), own)
    },
  )
})
