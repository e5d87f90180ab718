/** A laptop that keeps a part of a folder, by the real command line. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'
import { until } from './device.ts'
import { same, share, untilInSync, withPair } from './pairs.ts'

describe('a device that keeps a part of a folder', () => {
  itInFull('frees its disk of the rest, is in sync all the same, and says how much it leaves out', async () => {
    await withPair(async (anna, ben) => {
      mkdirSync(anna.path('Photos/raw'), { recursive: true })
      for (const name of ['1', '2', '3']) writeFileSync(anna.path(`Photos/raw/${name}.dng`), `raw ${name}`)
      writeFileSync(anna.path('Photos/a.jpg'), 'a picture')
      const { here, there } = await share(anna, ben)
      await until('the first sync', () => same(here, there)() && existsSync(join(there, 'raw/3.dng')))
      await ben.mustHolt('folder', 'set', 'Photos', '--exclude', '/raw')
      await until('the rest to be gone', () => !existsSync(join(there, 'raw')))
      writeFileSync(join(here, 'raw/4.dng'), 'raw 4')
      writeFileSync(join(here, 'b.jpg'), 'another picture')
      await until('the picture', () => existsSync(join(there, 'b.jpg')))
      await until('it to be said', async () => (await ben.folder('Photos')).leftOut === 4)
      await untilInSync(anna, ben)
      assert.ok(!existsSync(join(there, 'raw')))
      assert.equal(readFileSync(join(here, 'raw/1.dng'), 'utf8'), 'raw 1')
      assert.match(await ben.mustHolt('status'), /4 files left out here/)
      assert.match(
        await ben.mustHolt('ls', 'Photos', '--state', 'left-out'),
        /raw\/4\.dng.*the pattern \/raw excludes it/,
      )
      assert.deepEqual(await ben.problems('Photos'), [])
      await ben.stop()
      await ben.start()
      await untilInSync(anna, ben)
      assert.ok(!existsSync(join(there, 'raw')), 'also after a restart')
    })
  })
})
