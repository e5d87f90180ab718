/** A folder with a million entries, which both sides have beforehand: the first exchange, and what ten changes cost. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Block, BlockRun } from '../block.ts'
import type { HoltPair } from '../contenders/holt.ts'
import { startHolt } from '../contenders/holt.ts'
import { runToEnd } from '../contenders/one-shot.ts'
import { peakRssMib } from '../processes.ts'
import type { Row, Value } from '../row.ts'
import { median } from '../row.ts'
import type { Expected } from '../same.ts'
import { checkSame } from '../same.ts'
import { settleDisk, untilQuiet } from '../session.ts'
import { makeSet } from '../sets/make-set.ts'
import { until } from '../waiting.ts'

const SAMPLES = 3
const CHANGES = 10
const LOOK_MS = 50
const KIB = 1024

const ROWS = {
  scan: {
    ...{ id: 'million-scan', title: '`million`, first scan', unit: 's' },
    sentence: 'A directory with a million files is shared; until the device has looked through it.',
  },
  exchange: {
    ...{ id: 'million-exchange', title: '`million`, first exchange', unit: 's' },
    sentence: 'The other device, which has the same files, accepts the folder; until each says that both are the same.',
  },
  changes: {
    ...{ id: 'million-changes', title: '`million`, 10 changes', unit: 's' },
    sentence: 'Five files are written and five are made, each in a directory of its own; the median of three times.',
  },
  wire: {
    ...{ id: 'million-changes-wire', title: '`million`, 10 changes, on the wire', unit: 'KiB' },
    sentence: 'Of the same changes, both directions.',
  },
  restart: {
    ...{ id: 'million-restart', title: '`million`, restart', unit: 's' },
    sentence: 'Both devices are stopped and started again; until both have looked through it and are the same.',
  },
  status: {
    ...{ id: 'million-status', title: '`million`, `holt status`', unit: 's' },
    sentence: 'The command, from its start to its end; the median of three.',
  },
  rss: {
    ...{ id: 'million-rss', title: '`million`, peak memory of a side', unit: 'MiB' },
    sentence: 'The highest resident memory of a side in all of this.',
  },
} as const satisfies Record<string, Row>

export const millionBlock: Block = {
  ...{ name: 'million', set: 'million', rows: Object.values(ROWS), programs: ['Holt'] },
  run: async (o) => {
    const data = makeSet('million', o)
    await using pair = await startHolt(o.directory, (root) => writeApart(o, join(root, 'million')))
    settleDisk()
    const scan = await firstScan(pair, data.files)
    const exchange = await seconds(async () => {
      await pair.b.holt('accept', 'Bench', pair.b.root, '--yes')
      await pair.settled({ files: data.files, present: [], absent: [] })
      await knowOfEachOther(pair)
    })
    await untilQuiet(pair)
    const { changes, wire, files } = await tenChanges(pair, data.files)
    const status = await seconds(() => pair.a.holt('status'), SAMPLES)
    const before = peakOf(pair)
    const restart = await seconds(() => restartBoth(pair, files))
    checkSame(pair.here, pair.there, files, o.program)
    return toValues({ scan, exchange, changes, wire, restart, status, rss: Math.max(before, peakOf(pair)) })
  },
}

function toValues(found: Readonly<Record<keyof typeof ROWS, number | undefined>>): Value[] {
  return Object.entries(ROWS).flatMap(([name, row]) => {
    const value = found[name as keyof typeof ROWS]
    return value === undefined ? [] : [{ row, value }]
  })
}

/** Both sides at once, a process each: a million files take minutes. */
function writeApart({ seed, isQuick }: BlockRun, directory: string): Promise<string> {
  const program = fileURLToPath(new URL('../sets/write-set.ts', import.meta.url))
  const words = [program, 'million', String(seed), isQuick ? 'quick' : 'full', directory]
  return runToEnd({ command: process.execPath, words })
}

function firstScan({ a }: HoltPair, files: number): Promise<number> {
  return seconds(async () => {
    await a.holt('add', a.root, '--name', 'Bench')
    const isThere = async (): Promise<boolean> => {
      const { held, state } = await a.folder()
      return held.files === files && state.kind === 'in-sync'
    }
    await until(isThere, { what: 'the first scan', everyMs: LOOK_MS })
  })
}

interface TenChanges {
  readonly changes: number | undefined
  readonly wire: number | undefined
  readonly files: number
}

async function tenChanges(pair: HoltPair, filesBefore: number): Promise<TenChanges> {
  const [took, kib]: [number[], number[]] = [[], []]
  let files = filesBefore
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const wire = pair.wireBytes()
    took.push(
      await seconds(async () => {
        const expected = changeTen(pair.here, files, sample)
        files = expected.files
        await pair.settled(expected)
      }),
    )
    await untilQuiet(pair)
    const after = pair.wireBytes()
    if (wire !== undefined && after !== undefined) kib.push((after - wire) / KIB)
  }
  return { changes: median(took), wire: median(kib), files }
}

/** Half of them are files that were there. */
function changeTen(root: string, files: number, sample: number): Expected {
  const paths = Array.from({ length: CHANGES }, (_, i) =>
    join('million', `d${i}`, i < CHANGES / 2 ? `f${sample}` : `new${sample}`),
  )
  for (const path of paths) writeFileSync(join(root, path), `change ${sample} of ${path}`)
  return { files: files + CHANGES / 2, present: paths, absent: [] }
}

async function restartBoth(pair: HoltPair, files: number): Promise<void> {
  await Promise.all([pair.a.stop(), pair.b.stop()])
  await Promise.all([pair.a.start(), pair.b.start()])
  await pair.reconnect()
  await pair.settled({ files, present: [], absent: [] })
  await knowOfEachOther(pair)
}

/** Each device knows that the other one holds what it holds. */
async function knowOfEachOther({ a, b }: HoltPair): Promise<void> {
  const knows = async (side: HoltPair['a']): Promise<boolean> => {
    const { peers } = await side.folder()
    return peers.length > 0 && peers.every(({ isInSync }) => isInSync)
  }
  await until(async () => (await knows(a)) && (await knows(b)), { what: 'both know it', everyMs: LOOK_MS })
}

function peakOf({ a, b }: HoltPair): number {
  return Math.max(peakRssMib(a.pid), peakRssMib(b.pid))
}

/** The median of so many times. */
async function seconds(work: () => Promise<unknown>, times = 1): Promise<number> {
  const took: number[] = []
  for (let i = 0; i < times; i += 1) {
    const beganMs = performance.now()
    await work()
    took.push((performance.now() - beganMs) / 1000)
  }
  return median(took) ?? 0
}
