/** Two directories of one machine in each of the five modes of `holt sync`: the first run, a run without changes, one with few. */

import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Block, BlockRun } from '../block.ts'
import type { Program } from '../contenders/contender.ts'
import { HoltSide } from '../contenders/holt-side.ts'
import type { Ends } from '../contenders/one-shot.ts'
import { makeEnds, runToEnd } from '../contenders/one-shot.ts'
import { ONE_SHOTS } from '../contenders/one-shots.ts'
import type { Row, Value } from '../row.ts'
import { checkSame, listFiles } from '../same.ts'
import { settleDisk } from '../session.ts'
import { makeSet } from '../sets/make-set.ts'
import { createBytes } from '../sets/seeded-bytes.ts'
import { pause } from '../waiting.ts'

const ONE_IN = 100
const CHANGED_BYTES = 64
const SECOND_MS = 1100

interface Mode {
  readonly name: string
  readonly title: string
  /** Programs that do the same. */
  readonly counterparts: readonly Program[]
  /** Which side the files are on at first, and are changed on. */
  readonly from: 'here' | 'there'
}

const MIRRORS: readonly Program[] = ['rsync --fsync', 'rclone']
const MODES: readonly Mode[] = [
  { name: 'two-way', title: 'two-way', counterparts: ['Unison'], from: 'here' },
  { name: 'source-to-destination', title: 'source to destination', counterparts: MIRRORS, from: 'here' },
  { name: 'source-backup', title: 'source backup', counterparts: MIRRORS, from: 'here' },
  { name: 'destination-to-source', title: 'destination to source', counterparts: MIRRORS, from: 'there' },
  { name: 'destination-backup', title: 'destination backup', counterparts: MIRRORS, from: 'there' },
]

export const pairModeBlocks: readonly Block[] = MODES.map((mode) => {
  const title = (what: string): string => `pair, ${mode.title}: ${what}`
  const id = (what: string): string => `pair-${mode.name}-${what}`
  const first: Row = {
    ...{ id: id('first'), title: title('first run'), unit: 's' },
    sentence: `\`holt sync A B --mode ${mode.name} --yes\` with \`mixed\` on one side and nothing on the other, while a daemon runs.`,
  }
  const unchanged: Row = {
    ...{ id: id('unchanged'), title: title('no change'), unit: 's' },
    sentence: 'The same once more.',
  }
  const changed: Row = {
    ...{ id: id('changed'), title: title('1 % changed'), unit: 's' },
    sentence: 'The same once more, after 64 bytes of one file in a hundred were overwritten.',
  }
  return {
    ...{ name: id('mode'), set: 'mixed', rows: [first, unchanged, changed] },
    programs: ['Holt', ...mode.counterparts],
    isLong: mode.name !== 'two-way',
    run: (o) => runMode(mode, o, [first, unchanged, changed]),
  }
})

async function runMode(
  mode: Mode,
  o: BlockRun,
  [first, unchanged, changed]: readonly [Row, Row, Row],
): Promise<Value[]> {
  const ends = makeEnds(o.directory)
  const data = makeSet('mixed', o)
  await using program = await startProgram(mode, o, ends)
  const filled = mode.from === 'here' ? ends.here : ends.there
  data.write(join(filled, 'mixed'))
  settleDisk()
  const once = async (row: Row): Promise<Value> => {
    const beganMs = performance.now()
    await program.run()
    const value = (performance.now() - beganMs) / 1000
    checkSame(ends.here, ends.there, data.files, o.program)
    return { row, value }
  }
  const values = [await once(first), await once(unchanged)]
  // Some programs know the time of a file only to the second.
  await pause(SECOND_MS)
  overwriteSome(filled, o.seed)
  settleDisk()
  return [...values, await once(changed)]
}

interface Runner extends AsyncDisposable {
  run(): Promise<unknown>
}

async function startProgram({ name, from }: Mode, { program, directory }: BlockRun, ends: Ends): Promise<Runner> {
  if (program === 'Holt') {
    const side = new HoltSide(join(directory, 'device'))
    await side.start()
    return {
      run: () => side.holt('sync', ends.here, ends.there, '--mode', name, '--yes'),
      [Symbol.asyncDispose]: () => side.stop(),
    }
  }
  const oneShot = ONE_SHOTS.find((each) => each.program === program)
  if (oneShot === undefined) throw new Error(`${program} has no such mode`)
  const turned = from === 'here' ? ends : { ...ends, here: ends.there, there: ends.here }
  return { run: () => runToEnd(oneShot.typed(turned)), [Symbol.asyncDispose]: () => Promise.resolve() }
}

function overwriteSome(directory: string, seed: number): void {
  const bytes = createBytes(seed + 200)
  for (const [i, path] of listFiles(directory).entries()) {
    if (i % ONE_IN !== 0) continue
    const fd = openSync(join(directory, path), 'r+')
    writeSync(fd, bytes(CHANGED_BYTES), 0, CHANGED_BYTES, 0)
    closeSync(fd)
  }
}
