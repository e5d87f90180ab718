/** A batch on the real disk that a crash, a person or a failing disk interrupts at any of its calls: nothing is lost. */

import { Ended, byHand, onCalls } from './disk-calls.ts'
import type { Call, Fate } from './disk-calls.ts'
import assert from 'node:assert/strict'
import { lstatSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { changeTree } from '../../daemon/disk/change.ts'
import { TreeError } from '../../daemon/disk/disk-error.ts'
import type { DiskContext } from '../../daemon/disk/context.ts'
import { fingerprintOf, identityOf } from '../../daemon/disk/fingerprint.ts'
import { DiskNames } from '../../daemon/disk/names.ts'
import { listVersions, readVersion } from '../../daemon/disk/versions.ts'
import { recoverIntents } from '../../daemon/disk/recover.ts'
import type {
  BlobLocation,
  FileIdentity,
  Fingerprint,
  Intent,
  Recovered,
  TreeChange,
  TreeOutcome,
  VersionName,
} from '../../daemon/ports.ts'
import { LABEL, bytesOf, hashOf, path, signal, textOf } from '../conformance/file-tree-bench.ts'
import type { TreeHands } from '../conformance/file-tree-bench.ts'
import { threadsHere } from '../threads-here.ts'
import { FOLDER, clock, createHands, makeTemporary } from './real-tree.ts'

const OLD = ['over', 'from', 'gone', 'touched'] as const

interface Prepared {
  readonly batch: readonly TreeChange[]
  readonly intents: readonly Intent[]
}

/** A folder of old files, without all that opening a tree takes. */
interface Folder extends Disposable {
  readonly root: string
  readonly context: DiskContext
  readonly hands: TreeHands
}

function openFolder(): Folder {
  const root = makeTemporary()
  const hands = createHands(root)
  for (const directory of ['incoming', 'versions']) hands.makeDirectory(`.holt/${directory}`)
  for (const name of OLD) hands.write(name, `old ${name}`, { mtimeMs: 3_000 })
  const traits = { caseSensitive: true, executableBit: true, symlinks: true, windowsNames: false, volumeBytes: 1e9 }
  return {
    root,
    context: { root, folder: FOLDER, names: new DiskNames(), clock, traits },
    hands,
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true })
    },
  }
}

/** Replaces `over`, adds `dir/fresh`, renames `from` to `to`, touches `touched`, removes `gone`, with the intents that go before. */
function prepare({ root, hands }: Folder): Prepared {
  const statsOf = (name: string): BigIntStats => lstatSync(join(root, name), { bigint: true })
  const look = (name: string): Fingerprint => fingerprintOf(statsOf(name))
  const put = (text: string): { source: BlobLocation; arriving: FileIdentity } => {
    const name = `.holt/incoming/${hashOf(bytesOf(text))}`
    hands.write(name, text)
    return { source: join(root, name) as BlobLocation, arriving: identityOf(statsOf(name)) }
  }
  const [over, fresh] = [put('new over'), put('new fresh')]
  const [overAs, goneAs] = ['b-1~over' as VersionName, 'b-2~gone' as VersionName]
  const [first, later] = [
    { mtimeMs: 5_000, executable: false },
    { mtimeMs: 6_000, executable: true },
  ]
  const { source } = over
  return {
    batch: [
      { kind: 'place', path: path('over'), source, ...first, expect: look('over'), keepAs: overAs },
      { kind: 'make-directory', path: path('dir') },
      { kind: 'place', path: path('dir/fresh'), source: fresh.source, ...first, expect: null, keepAs: null },
      { kind: 'rename', from: path('from'), path: path('to'), ...later, expect: look('from') },
      { kind: 'touch', path: path('touched'), ...later, expect: look('touched') },
      { kind: 'remove', path: path('gone'), expect: look('gone'), keepAs: goneAs },
    ],
    intents: [
      { path: path('over'), arriving: over.arriving, replaced: { fingerprint: look('over'), keepAs: overAs } },
      { path: path('dir/fresh'), arriving: fresh.arriving, replaced: null },
      { path: path('to'), arriving: identityOf(statsOf('from')), replaced: null },
      { path: path('gone'), arriving: null, replaced: { fingerprint: look('gone'), keepAs: goneAs } },
    ],
  }
}

/** Text of every file in the folder, and in its versions. */
function contentsOf(root: string): Set<string> {
  const texts = new Set<string>()
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) texts.add(readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  }
  return texts
}

function checkNothingLost(opened: Folder, what: string, names: readonly string[] = OLD): void {
  const contents = contentsOf(opened.root)
  for (const name of names) assert.ok(contents.has(`old ${name}`), `${what}: ${name} is lost`)
}

/** Tries each call in turn: `attempt` tells whether the n-th was reached. */
async function atEachCall(attempt: (n: number, opened: Folder, prepared: Prepared) => Promise<boolean>): Promise<void> {
  for (let n = 1; ; n++) {
    using opened = openFolder()
    const prepared = prepare(opened)
    if (await attempt(n, opened, prepared)) continue
    assert.ok(n > 50, `a batch of only ${n} calls`)
    return
  }
}

function run(opened: Folder, { batch }: Prepared): Promise<readonly TreeOutcome[]> {
  return changeTree(opened.context, threadsHere, batch, LABEL, { signal })
}

describe('a batch on the disk that a crash interrupts', () => {
  for (const fate of ['ends-before', 'ends-after'] as const) {
    it(`loses nothing when the process ${fate.replace('-', ' ')} any call`, async () => {
      await atEachCall(async (n, opened, prepared) => {
        const hasCrashed = await crash(opened, prepared, n, fate)
        if (!hasCrashed) return false
        const what = `call ${n}`
        const recovered = await recoverIntents(opened.context, prepared.intents)
        checkRecovered(opened, recovered, what)
        checkNothingLost(opened, what)
        await checkVersions(opened, what)
        const kinds = (all: readonly Recovered[]): string[] => all.map(({ kind }) => kind)
        assert.deepEqual(kinds(await recoverIntents(opened.context, prepared.intents)), kinds(recovered), what)
        return true
      })
    })
  }
})

async function crash(opened: Folder, prepared: Prepared, n: number, fate: Fate): Promise<boolean> {
  using calls = onCalls(({ no }) => (no === n ? fate : 'done'))
  try {
    const outcomes = await run(opened, prepared)
    if (calls.calls < n)
      assert.ok(
        outcomes.every(({ kind }) => kind === 'done'),
        JSON.stringify(outcomes),
      )
  } catch (cause) {
    assert.ok(isEnd(cause), String(cause))
  }
  return calls.calls >= n
}

function isEnd(cause: unknown): boolean {
  if (cause instanceof Ended) return true
  if (cause instanceof SuppressedError) return isEnd(cause.error) || isEnd(cause.suppressed)
  return cause instanceof Error && isEnd(cause.cause)
}

function checkRecovered(opened: Folder, recovered: readonly Recovered[], what: string): void {
  const expected = new Map<string, Partial<Record<Recovered['kind'], string | undefined>>>([
    ['over', { arrived: 'new over', 'as-before': 'old over' }],
    ['dir/fresh', { arrived: 'new fresh', 'as-before': undefined }],
    ['to', { arrived: 'old from', 'as-before': undefined }],
    ['gone', { 'as-before': 'old gone' }],
  ])
  for (const { path: at, kind } of recovered) {
    assert.notEqual(kind, 'other', `${what}: ${at}`)
    assert.equal(opened.hands.read(at), expected.get(at)?.[kind], `${what}: ${at} ${kind}`)
  }
}

/** Every kept file is listed under its path, and what is listed can be read. */
async function checkVersions(opened: Folder, what: string): Promise<void> {
  const kept = opened.hands.names('.holt/versions').filter((name) => name !== 'log')
  const listed: VersionName[] = []
  for await (const record of listVersions(opened.context)) {
    listed.push(record.name)
    assert.equal(await textOf(readVersion(opened.context, record.name, { signal })), `old ${record.path}`, what)
    assert.equal(record.batch, LABEL.batch, what)
  }
  assert.deepEqual(listed.sort(), kept, what)
}

const MEDDLINGS: readonly ((opened: Folder, at: string) => void)[] = [
  ({ hands }, at) => {
    hands.write(at, 'meddled')
  },
  ({ hands }, at) => {
    hands.write('aside', 'meddled')
    hands.rename('aside', at)
  },
  ({ hands }, at) => {
    hands.remove(at)
    hands.write(`${at}/inside`, 'meddled')
  },
]

describe('a batch on the disk during which a person edits', () => {
  for (const name of ['over', 'dir/fresh', 'from', 'to', 'touched', 'gone']) {
    it(`loses neither the edit of ${name} nor what was there`, async () => {
      for (const meddle of MEDDLINGS)
        await atEachCall((n, opened, prepared) => meddleAt(n, name, meddle, opened, prepared))
    })
  }
})

async function meddleAt(
  n: number,
  name: string,
  meddle: (opened: Folder, at: string) => void,
  opened: Folder,
  prepared: Prepared,
): Promise<boolean> {
  let overwritten = ''
  const decide = ({ no, name: call }: Call): Fate => {
    // An unlink follows at once on the look that decides it.
    if (no === n && call !== 'unlink') {
      byHand(() => {
        overwritten = opened.hands.read(name) ?? ''
        meddle(opened, name)
      })
    }
    return 'done'
  }
  using calls = onCalls(decide)
  const outcomes = await run(opened, prepared)
  const wasReached = calls.calls >= n
  const what = `${name} at call ${n}`
  const contents = contentsOf(opened.root)
  if (overwritten !== '') assert.ok(contents.has('meddled'), `${what}: the edit is lost`)
  checkNothingLost(
    opened,
    what,
    OLD.filter((each) => `old ${each}` !== overwritten),
  )
  checkNothingMissing(opened, prepared, outcomes, what)
  return wasReached
}

/** What a change did not do it has undone: something is where something was. */
function checkNothingMissing(
  opened: Folder,
  { batch }: Prepared,
  outcomes: readonly TreeOutcome[],
  what: string,
): void {
  for (const [i, change] of batch.entries()) {
    const isUndone = outcomes[i]?.kind !== 'done'
    const hadSomething = (change.kind === 'place' && change.expect !== null) || change.kind === 'remove'
    const isThere = opened.hands.read(change.path) !== undefined || opened.hands.isDirectory(change.path)
    if (isUndone && hadSomething) assert.ok(isThere, `${what}: ${change.path} is missing`)
  }
}

describe('a batch on the disk at whose calls the disk fails', () => {
  for (const code of ['ENOSPC', 'EIO', 'EACCES'] as const) {
    it(`loses nothing by ${code} at any call`, async () => {
      await atEachCall(async (n, opened, prepared) => {
        const what = `${code} at call ${n}`
        const calls = await fail(opened, prepared, n, code, what)
        await recoverIntents(opened.context, prepared.intents)
        checkNothingLost(opened, what)
        assert.ok(opened.hands.read('over') !== undefined, `${what}: over is missing`)
        return calls >= n
      })
    })
  }
})

async function fail(opened: Folder, prepared: Prepared, n: number, code: string, what: string): Promise<number> {
  using calls = onCalls(({ no }) => (no === n ? { fails: code } : 'done'))
  const outcomes = await run(opened, prepared).catch((cause: unknown) => {
    assert.ok(cause instanceof TreeError, `${what}: ${String(cause)}`)
    assert.ok(['io', 'no-space', 'denied'].includes(cause.code), `${what}: ${cause.code}`)
  })
  byHand(() => {
    if (outcomes !== undefined) checkNothingMissing(opened, prepared, outcomes, what)
  })
  return calls.calls
}
