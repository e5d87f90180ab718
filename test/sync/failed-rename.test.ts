/** A file that another device has renamed, where this one's disk refuses to do the same. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ROOT } from '../sim/daemon.ts'
import type { Place } from './folder-bench.ts'
import { createFolderBench } from './folder-bench.ts'

const CALM_MS = 20_000
/** How often the disk refuses: once, and until a pass has given up on it. */
const REFUSALS = [1, 5]

const namesOf = ({ device }: Place): string[] =>
  device.hands.walk(ROOT).flatMap(({ kind, path }) => (kind === 'file' ? [path] : []))

describe('a rename that the disk refuses', () => {
  it('leaves the file under its new name alone, once the disk takes it', async () => {
    for (const refusals of REFUSALS) {
      await using bench = createFolderBench(refusals)
      const [anna, ben] = [bench.place('anna'), bench.place('ben')]
      anna.write('old', 'the text')
      await bench.until('the first sync', () => ben.read('old') === 'the text')
      await bench.world.runFor(CALM_MS)
      let left = refusals
      ben.device.disk.faults = ({ name, path }) =>
        name === 'link' && path === `${ROOT}/new` && left-- > 0 ? { kind: 'fail', code: 'EIO' } : undefined
      anna.device.hands.rename(`${ROOT}/old`, `${ROOT}/new`)
      await bench.until('the new name', () => ben.read('new') === 'the text')
      await bench.world.runFor(CALM_MS)
      assert.ok(left <= 0, 'the disk was never asked')
      assert.deepEqual([anna, ben].map(namesOf), [['new'], ['new']], `after ${refusals} refusals`)
    }
  })
})
