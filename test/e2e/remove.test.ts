/** A folder that a person takes off a device, and puts there again. */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { digest, until } from './device.ts'
import { same, share, untilInSync, withPair } from './pairs.ts'
import { assertSaid } from './said.ts'

/** Long enough for a change to arrive, were it still on its way. */
const ARRIVAL_MS = 2000

describe('a folder that is removed from a device', () => {
  itInFull(
    'keeps its files and takes no more; added again it is the same folder, until it is removed everywhere',
    async () => {
      await withPair(async (anna, ben) => {
        const { here, there } = await share(anna, ben)
        writeFileSync(join(here, 'first.txt'), 'of anna')
        await until('the first sync', () => same(here, there)() && digest(there).includes('first.txt'))
        await untilInSync(anna, ben)
        const { id } = await ben.folder('Photos')

        const removed = await ben.mustHolt('folder', 'remove', 'Photos')
        assert.match(removed, /is not synced on this device any more\. Its files stay in /)
        writeFileSync(join(here, 'second.txt'), 'not for ben')
        writeFileSync(join(there, 'third.txt'), 'not for anna')
        await delay(ARRIVAL_MS)
        assert.ok(!digest(there).includes('second.txt') && !digest(here).includes('third.txt'))
        assert.equal((await ben.folder('Photos')).state.kind, 'offered')

        const misnamed = await ben.holt('add', there, '--name', 'Pictures')
        assertSaid(misnamed, EXIT.refused, 'root-marked', /is of the folder "Photos"/, /without --name/)
        await ben.mustHolt('add', there)
        assert.equal((await ben.folder('Photos')).id, id)
        await until('both have all', () => same(here, there)() && digest(here).includes('third.txt'))
        assert.ok(digest(there).includes('second.txt') && !digest(there).includes('.conflict-'))

        await anna.mustHolt('folder', 'remove', 'Photos', '--everywhere')
        await ben.mustHolt('folder', 'remove', 'Photos')
        await until('nobody offers it', async () => !(await ben.mustHolt('folders')).includes('Photos'))
        assert.ok(same(here, there)(), 'all files stay')
      })
    },
  )
})
