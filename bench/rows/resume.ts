/** The receiver is killed when half of `big` is there, and started again. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Block, BlockRun } from '../block.ts'
import { startHolt } from '../contenders/holt.ts'
import { makeEnds, runToEnd } from '../contenders/one-shot.ts'
import { ONE_SHOTS } from '../contenders/one-shots.ts'
import { startSyncthing } from '../contenders/syncthing.ts'
import type { Row, Value } from '../row.ts'
import { valueOf } from '../row.ts'
import type { Expected } from '../same.ts'
import { checkSame } from '../same.ts'
import { settleDisk } from '../session.ts'
import { BIG_FILE } from '../sets/big.ts'
import { makeSet } from '../sets/make-set.ts'
import { MIB } from '../sets/seeded-bytes.ts'
import { until } from '../waiting.ts'

const LOOK_MS = 5
const BLOCK_BYTES = 512
const EXPECTED: Expected = { files: 1, present: [join('big', BIG_FILE)], absent: [] }

const secondsRow: Row = {
  id: 'resume-big',
  title: 'receiver killed at half of `big`, and started again',
  unit: 's',
  sentence: 'SIGKILL when half of the bytes are on the other disk; from the new start until both sides are the same.',
}
const againRow: Row = {
  id: 'resume-big-again',
  title: 'receiver killed at half of `big`, sent again',
  unit: 'MiB',
  sentence: 'Of the same: bytes on the wire after the new start, without those that were missing.',
}

export const resumeBlock: Block = {
  ...{ name: 'resume', set: 'big', rows: [secondsRow, againRow] },
  programs: ['Holt', 'Syncthing by hand', 'rsync', 'rsync --fsync'],
  run: async (o) => {
    await using killable = await startKillable(o)
    const { here, there } = killable
    const data = makeSet('big', o)
    const aside = join(o.directory, 'data')
    data.write(aside)
    settleDisk()
    renameSync(aside, join(here, 'big'))
    await killable.begin()
    await until(() => bytesIn(there) >= data.bytes / 2, { what: 'half of it is there', everyMs: LOOK_MS })
    await killable.kill()
    const hadBytes = Math.min(bytesIn(there), data.bytes)
    const wire = killable.wireBytes()
    const beganMs = performance.now()
    await killable.finish()
    const seconds = (performance.now() - beganMs) / 1000
    const wireAfter = killable.wireBytes()
    checkSame(here, there, 1, o.program)
    if (wire === undefined || wireAfter === undefined) return valueOf(secondsRow, seconds)
    const again = Math.max(0, wireAfter - wire - (data.bytes - hadBytes)) / MIB
    return [...valueOf(secondsRow, seconds), ...valueOf(againRow, again)] satisfies Value[]
  },
}

/** A program whose receiver can be killed. */
interface Killable extends AsyncDisposable {
  readonly here: string
  readonly there: string
  begin(): Promise<void>
  kill(): Promise<void>
  /** Starts it again, and resolves when both sides are the same. */
  finish(): Promise<void>
  wireBytes(): number | undefined
}

async function startKillable({ program, directory }: BlockRun): Promise<Killable> {
  if (program === 'Holt') {
    const pair = await startHolt(directory)
    return {
      ...{ here: pair.here, there: pair.there, wireBytes: pair.wireBytes, begin: () => Promise.resolve() },
      kill: () => pair.b.stop('SIGKILL'),
      finish: async () => {
        await pair.b.start()
        await pair.reconnect()
        await pair.settled(EXPECTED)
      },
      [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
    }
  }
  if (program === 'Syncthing by hand') {
    const pair = await startSyncthing(directory, true)
    return {
      ...{ here: pair.here, there: pair.there, wireBytes: pair.wireBytes, begin: () => pair.a.scan() },
      kill: () => pair.b.stop('SIGKILL'),
      finish: async () => {
        await pair.b.start()
        pair.reconnect()
        await pair.settled(EXPECTED)
      },
      [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
    }
  }
  return killableOneShot(program, directory)
}

function killableOneShot(program: string, directory: string): Killable {
  const oneShot = ONE_SHOTS.find((each) => each.program === program)
  if (oneShot === undefined) throw new Error(`${program} cannot be killed at half`)
  const ends = makeEnds(directory)
  const typed = oneShot.typed(ends)
  let running: ReturnType<typeof spawn> | undefined
  let wireBytes: number | undefined = oneShot.wireBytes === undefined ? undefined : 0
  return {
    ...{ here: ends.here, there: ends.there, wireBytes: () => wireBytes },
    begin: async () => {
      running = spawn(typed.command, typed.words, {
        stdio: 'ignore',
        env: { ...process.env, ...typed.environment },
        detached: true,
      })
    },
    kill: async () => {
      if (running === undefined || running.exitCode !== null) return
      // It leads a group of its own, in which all that it started are.
      if (running.pid !== undefined) process.kill(-running.pid, 'SIGKILL')
      await once(running, 'exit')
    },
    finish: async () => {
      wireBytes = oneShot.wireBytes?.(await runToEnd(typed))
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** What takes room on the disk: a file that was only given its length takes none. */
function bytesIn(directory: string): number {
  return readdirSync(directory, { withFileTypes: true, recursive: true }).reduce((sum, entry) => {
    if (!entry.isFile()) return sum
    const stats = lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })
    return sum + (stats?.blocks ?? 0) * BLOCK_BYTES
  }, 0)
}
