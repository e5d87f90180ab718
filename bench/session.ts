/** A program that has brought a data set to the other side, and is then given one change after the other. */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { renameSync } from 'node:fs'
import type { Block, BlockRun } from './block.ts'
import type { Contender, Program } from './contenders/contender.ts'
import { startContender } from './contenders/start.ts'
import type { Row, Value } from './row.ts'
import type { Expected } from './same.ts'
import { checkSame, listFiles } from './same.ts'
import type { DataSet, SetName } from './sets/data-set.ts'
import { makeSet } from './sets/make-set.ts'
import { MIB } from './sets/seeded-bytes.ts'
import { pause } from './waiting.ts'

/** Paths that are looked for before a program is asked. */
const LOOKED_FOR_MAX = 16
/** Quiet is so many looks, one after the other, between each of which less than so much went over the wire. */
const QUIET_LOOKS = 2
const QUIET_LOOK_MS = 250
const QUIET_BYTES = 1024
const QUIET_MS_MAX = 60_000

export interface Session {
  readonly contender: Contender
  readonly set: DataSet
  readonly o: BlockRun
  /** The data set lies below. */
  readonly root: string
  /** How many files there are. */
  files: number
  /** Of the first sync. */
  readonly first: Timed
}

/** Rows that are measured together, one after the other in one session. */
export interface Step {
  readonly rows: readonly Row[]
  /** Left out: all. */
  readonly programs?: readonly Program[]
  measure(session: Session): Promise<readonly Value[]>
}

export interface Change {
  make(): void
  readonly expected: Expected
}

export interface Timed {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly wireMib: number | undefined
}

/** A block of one session. The first sync is there whatever is wanted. */
export function sessionBlock(set: SetName, programs: readonly Program[], steps: readonly Step[]): Block {
  return {
    ...{ name: set, set, programs },
    rows: steps.flatMap(({ rows }) => rows),
    run: async (o) => {
      await using contender = await startContender(o.program, o.directory)
      const data = makeSet(set, o)
      const first = await firstSync(contender, data, o)
      const session = { contender, set: data, o, root: join(contender.here, set), files: data.files, first }
      const values: Value[] = []
      for (const step of steps) {
        if (!step.rows.some((row) => o.isWanted(row))) continue
        if (step.programs?.includes(o.program) === false) continue
        values.push(...(await step.measure(session)))
      }
      return values
    },
  }
}

/**
 * From the change until both sides are the same; checked byte by byte once the clock has stopped. Processor time and bytes are
 * counted until nothing more happens.
 */
export async function timed(contender: Contender, { make, expected }: Change): Promise<Timed> {
  const [wire, cpu] = [contender.wireBytes(), contender.cpuSeconds()]
  const beganMs = performance.now()
  make()
  await contender.settled(expected)
  const seconds = (performance.now() - beganMs) / 1000
  await untilQuiet(contender)
  const [wireAfter, cpuAfter] = [contender.wireBytes(), contender.cpuSeconds()]
  checkSame(contender.here, contender.there, expected.files, contender.program)
  const wireMib = wire === undefined || wireAfter === undefined ? undefined : (wireAfter - wire) / MIB
  return { seconds, cpuSeconds: cpuAfter - cpu, wireMib }
}

/** Resolves when what a change has set off is over: receivers have told what they hold, and nobody says anything more. */
export async function untilQuiet({ sides, wireBytes }: Contender): Promise<void> {
  if (sides === undefined) return
  const beganMs = performance.now()
  for (let before = wireBytes(), looks = 0; looks < QUIET_LOOKS;) {
    await pause(QUIET_LOOK_MS)
    const after = wireBytes()
    looks = after === undefined || before === undefined || after - before < QUIET_BYTES ? looks + 1 : 0
    before = after
    if (performance.now() - beganMs > QUIET_MS_MAX) throw new Error('nothing changes, and the devices go on talking')
  }
}

/** What was written is on the disk and in memory, so that no program pays for it, and all find it the same. */
export function settleDisk(): void {
  execFileSync('sync')
}

async function firstSync(contender: Contender, set: DataSet, o: BlockRun): Promise<Timed> {
  const source = join(o.directory, 'data')
  set.write(source)
  settleDisk()
  const paths = listFiles(source)
  const every = Math.ceil(paths.length / LOOKED_FOR_MAX)
  const present = paths.filter((_, i) => i % every === 0).map((path) => join(set.name, path))
  return await timed(contender, {
    make: () => renameSync(source, join(contender.here, set.name)),
    expected: { files: set.files, present, absent: [] },
  })
}
