/** Two directories on the real disk and the runs of their pair, for tests. */

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { DirectoryPair } from '../../daemon/daemon-pair.ts'
import { runDirectoryPair } from '../../daemon/daemon-pair.ts'
import type { ThreadPool } from '../../daemon/daemon-threads.ts'
import { createThreads } from '../../daemon/daemon-threads.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import { createSystemClock } from '../../daemon/system-clock.ts'
import type { PairEvent, PairResult } from '../../protocol/api/pairs.ts'
import { makeTemporaryDirectory } from '../temporary.ts'

/** In memory where there is such a place: syncing costs nothing there. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
/** One thread for all pairs of a file; it rests when nothing is to be done. */
const shared: { threads?: ThreadPool } = {}

/** What each path has: the text of a file, `-> target` of a link, `/` of a directory. */
export type TreeText = Readonly<Record<string, string>>

export type RunOptions = Partial<Omit<DirectoryPair, 'source' | 'destination'>>

export interface PairBench extends Disposable {
  readonly source: string
  readonly destination: string
  readonly home: string
  run(o?: RunOptions): Promise<PairResult>
  /** Every event of the last run. */
  readonly events: PairEvent[]
}

export function openPairBench(): PairBench {
  const root = realpathSync(makeTemporaryDirectory('pair', BASE))
  const [source, destination, home] = [join(root, 'source'), join(root, 'destination'), join(root, 'home')]
  for (const directory of [source, destination]) mkdirSync(directory)
  const events: PairEvent[] = []
  const bench = { source, destination, home, events }
  return {
    ...bench,
    run: async (o = {}) => {
      events.length = 0
      return await runDirectoryPair(machineOf(home), {
        ...{ source, destination, mode: 'two-way', compare: 'hash', onConflict: 'keep-both', initial: 'merge' },
        ...{ force: null, patterns: { include: [], exclude: [], ignore: '' }, isDryRun: false, confirm: () => true },
        signal: new AbortController().signal,
        ...o,
        tell: (event) => {
          events.push(event)
          o.tell?.(event)
        },
      })
    },
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true, force: true })
    },
  }
}

export function machineOf(home: string): Parameters<typeof runDirectoryPair>[0] {
  const threads = (shared.threads ??= createThreads(1))
  const random = { bytes: (length: number) => randomBytes(length) }
  return { home, threads, random, clock: createSystemClock(), crypto: createNativeCrypto() }
}

/** @param time milliseconds since 1970 */
export function put(directory: string, path: string, text: string, time?: number, mode?: number): void {
  const at = join(directory, path)
  mkdirSync(dirname(at), { recursive: true })
  writeFileSync(at, text)
  if (time !== undefined) utimesSync(at, time / 1000, time / 1000)
  if (mode !== undefined) chmodSync(at, mode)
}

export function remove(directory: string, path: string): void {
  rmSync(join(directory, path), { recursive: true, force: true })
}

/** All below a directory, without what is Holt's. */
export function treeOf(directory: string): TreeText {
  const found: Record<string, string> = {}
  const walk = (below: string): void => {
    for (const name of readdirSync(join(directory, below)).sort()) {
      const path = below === '' ? name : `${below}/${name}`
      if (path === '.holt') continue
      const at = join(directory, path)
      const stats = lstatSync(at)
      if (stats.isSymbolicLink()) found[path] = `-> ${readlinkSync(at)}`
      else if (stats.isDirectory()) {
        found[path] = '/'
        walk(path)
      } else found[path] = readFileSync(at, 'utf8')
    }
  }
  walk('')
  return found
}

/** The texts of kept versions. */
export function versionsOf(directory: string): string[] {
  const versions = join(directory, '.holt', 'versions')
  if (!existsSync(versions)) return []
  return readdirSync(versions)
    .filter((name) => name !== 'log')
    .map((name) => {
      const at = join(versions, name)
      return lstatSync(at).isSymbolicLink() ? `-> ${readlinkSync(at)}` : readFileSync(at, 'utf8')
    })
}

/** Conflict copies of a path, by their texts. */
export function copiesOf(tree: TreeText, path: string): string[] {
  return Object.keys(tree)
    .filter((each) => each.startsWith(`${path}.conflict-`) && !each.slice(path.length).includes('/'))
    .map((each) => tree[each] ?? '')
}

/** Some time long ago, so that what is written during a test is later. */
export const T = Date.UTC(2026, 0, 1)
export const DAY_MS = 86_400_000

export function putBoth(bench: PairBench, path: string, text: string, ms = T): void {
  for (const side of [bench.source, bench.destination]) put(side, path, text, ms)
}

/** That the scan of the last run had to read. */
export function bytesRead({ events }: PairBench): number | undefined {
  const done = events.find((event) => event.kind === 'scan.done')
  return done?.kind === 'scan.done' ? done.bytes : undefined
}
