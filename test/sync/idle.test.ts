/** Two devices in sync, on which nobody does anything. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SleepOptions } from '../../daemon/clock-port.ts'
import { DEFAULT_PACE } from '../../daemon/sync/folder-loops.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

const HOUR_MS = 3_600_000
/** Beats of the machine in an hour (`daemon/beats.ts`), at each of which a few things are looked at together. */
const LOOKS_MAX = 1_000

describe('an idle device', () => {
  it('waits for nothing at a moment of its own, and looks at little', async (t) => {
    await using bench = createFolderBench(11)
    const [anna, ben] = [bench.place('anna'), bench.place('ben')]
    anna.write('a', 'one')
    await bench.until('they are in sync', () => ben.read('a') === 'one')
    await bench.world.runFor(10 * 60_000)
    const folder = anna.daemon.sync.engine.folder(FOLDER)
    assert.ok(folder)
    const { clock } = folder.deps
    const sleep = clock.sleep.bind(clock)
    const sleeps: (number | undefined)[] = []
    t.mock.method(clock, 'sleep', (delayMs: number, o: SleepOptions) => {
      // Hints of the look through the whole folder gather as all hints do.
      if (delayMs !== DEFAULT_PACE.debounceMs) sleeps.push(o.slackMs)
      return sleep(delayMs, o)
    })
    await bench.world.runFor(HOUR_MS / 2)
    assert.deepEqual(
      sleeps.filter((slackMs) => slackMs === undefined),
      [],
    )
    assert.ok(sleeps.length > 0 && sleeps.length <= LOOKS_MAX / 2, `${sleeps.length} looks in half an hour`)
  })
})
