/**
 * What a change costs does not depend on how much there is: counted in pages of the catalogue that are read from a cold cache, in
 * bytes that are sent, and by the way in which SQLite answers every question that is asked meanwhile.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import Database from 'better-sqlite3'
import type { Statement } from 'better-sqlite3'
import { toFolderView } from '../../daemon/service/folder-view.ts'
import { Notes } from '../../daemon/service/notes.ts'
import type { ServiceParts } from '../../daemon/service/parts.ts'
import { heldFolderOf } from '../../daemon/service/refs.ts'
import { Uploads } from '../../daemon/service/uploads.ts'
import type { Pulls } from '../../daemon/sync/resolve-pass.ts'
import { resolvePass } from '../../daemon/sync/resolve-pass.ts'
import { folderSettings } from '../../daemon/sync/settings.ts'
import { withdrawAbsent } from '../../daemon/sync/withdraw.ts'
import type { Signed } from '../../protocol/crypto.ts'
import { openHead } from '../../protocol/manifest.ts'
import { encodeMetaMessage } from '../../protocol/meta-messages.ts'
import { recordFigure } from '../figures.ts'
import { scaled } from '../scale.ts'
import type { LargeSide } from './large-folder.ts'
import { HERE, THERE, entryNo, fetch, fill, observe, openSide, pagesRead, publishAll } from './large-folder.ts'
import { FOLDER } from './scripted-log.ts'

const SMALL = 1000
const LARGE = scaled({ small: 6000, full: 50_000 })
const CHANGES = 10
/** A row of each table and index that names the path of a change, through at most four levels; the rows lie far apart. */
const PAGES_MAX = CHANGES * 12
/** One more than what is sealed in one go. */
const GREAT_DEAL = 8 * 1024 + 1
const SEGMENT_BYTES_MAX = 2048
/** Of questions that have few answers however large the folder is. */
const FEW_ROWS = /own_unpublished|own_local|own_absent|entry_disputed|entry_not_held|entry_conflict/

const forever = new AbortController().signal
const pulls: Pulls = {
  want: () => true,
  unwant: () => undefined,
  unwantFolder: () => undefined,
  totals: () => undefined,
}

interface Cost {
  readonly pages: Map<string, number>
  /** Every statement that was run. */
  readonly statements: Set<string>
  wireBytes: number
}

/** Both sides of a folder of so many files, in which ten change. */
async function costAt(directory: string, files: number): Promise<Cost> {
  await fill(directory, files)
  const cost: Cost = { pages: new Map(), statements: new Set(), wireBytes: 0 }
  const step = async (what: string, work: (here: LargeSide, there: LargeSide) => unknown): Promise<void> => {
    using here = openSide(directory, HERE)
    using there = openSide(directory, THERE)
    for (const { catalogue } of [here, there]) catalogue.read((tx) => tx.peerPosition(FOLDER, THERE.device))
    using _recording = recordStatements(cost.statements)
    cost.pages.set(what, (await pagesRead(() => work(here, there))) ?? 0)
  }
  const apart = Math.floor(files / CHANGES)
  const changes = Array.from({ length: CHANGES }, (_, i) => entryNo(i * apart, HERE, 2))
  await step('10 changes are published', async (here) => {
    observe(here, changes)
    await publishAll(here, () => undefined)
  })
  await step('10 changes are heard', (here, there) => {
    const head = here.catalogue.read((tx) => tx.ownHead(FOLDER))?.signed
    assert.ok(head)
    const segments = fetch(there, here, head)
    cost.wireBytes = encodeMetaMessage({ kind: 'segments', folder: FOLDER, head, segments }).length
  })
  await step('10 changes are decided', async (_, there) => {
    await resolvePass(there.folder, pulls, () => undefined, { signal: forever })
    assert.equal(
      there.catalogue.read((tx) => tx.waitingCount(FOLDER)),
      CHANGES,
    )
  })
  await step('a status', (_, there) => {
    const view = viewOf(there)
    assert.equal(view.held.files, files)
    assert.deepEqual(
      view.peers.map(({ isInSync }) => isInSync),
      [false],
    )
  })
  await step('a start, before the disk is looked at', (_, { folder, catalogue }) => {
    catalogue.read((tx) => [tx.ownHead(FOLDER), tx.intents(FOLDER), tx.unpublished(FOLDER, 1)])
    catalogue.transact({ isDurable: false }, (tx) => tx.resetWaiting(FOLDER))
    assert.equal(
      catalogue.transact({ isDurable: false }, (tx) => tx.dropOldSegments(FOLDER, CHANGES)),
      0,
    )
    withdrawAbsent(folder)
    catalogue.transact({ isDurable: false }, (tx) => tx.markDisputed(FOLDER))
    assert.equal(
      catalogue.read((tx) => tx.dirtyCount(FOLDER)),
      CHANGES,
    )
  })
  return cost
}

/** A folder as `holt status` and the events show it. */
function viewOf({ folder }: LargeSide): ReturnType<typeof toFolderView> {
  folder.isReady = true
  folder.isScanned = true
  const { clock, log, state } = folder.deps
  const settings = folderSettings({ id: FOLDER, name: 'Large', path: '/large' })
  const held = { settings, folder, fault: null, remotes: new Map(), newer: new Set() }
  const names = new Map([HERE, THERE].map(({ device }) => [device, device]))
  const members = new Map([HERE, THERE].map(({ device }) => [device, { device, name: device }]))
  const parts = {
    deps: folder.deps,
    sync: {
      engine: { held: () => [held], folder: () => folder, sessions: () => new Map() },
      pulls: { totals: () => undefined, wanted: () => [] },
    },
    transport: { self: THERE.device },
    groupLog: { state: { members, names, folders: new Map(), hasUnknownKind: false } },
    notes: new Notes({ state, clock, log }, ''),
    uploads: new Uploads({ clock, emit: () => undefined }),
  } as unknown as ServiceParts
  return toFolderView(parts, heldFolderOf(parts, FOLDER))
}

/** Notes the text of every statement that is run, of any database of this program. */
function recordStatements(into: Set<string>): Disposable {
  using db = openMemory()
  const prototype = Object.getPrototypeOf(db.database.prepare('select 1')) as Record<string, unknown>
  const verbs = ['run', 'get', 'all', 'iterate'] as const
  const originals = verbs.map((verb) => prototype[verb] as (...values: unknown[]) => unknown)
  for (const [i, verb] of verbs.entries()) {
    prototype[verb] = function (this: Statement, ...values: unknown[]): unknown {
      into.add(this.source)
      return originals[i]?.apply(this, values)
    }
  }
  return {
    [Symbol.dispose]: () => {
      for (const [i, verb] of verbs.entries()) prototype[verb] = originals[i]
    },
  }
}

function openMemory(): Disposable & { readonly database: Database.Database } {
  const database = new Database(':memory:')
  return { database, [Symbol.dispose]: () => void database.close() }
}

/** How SQLite goes about a statement, line by line. */
function planOf(db: Database.Database, source: string): string[] {
  if (/^(begin|commit|rollback)/i.test(source)) return []
  const named = [...source.matchAll(/\$(\w+)/g)].map(([, name = '']): [string, number] => [name, 0])
  const values: unknown[] =
    named.length > 0 ? [Object.fromEntries(named)] : [...source.matchAll(/\?/g)].map((): number => 0)
  const rows = db.prepare(`explain query plan ${source}`).all(...values) as { detail: string }[]
  return rows.map(({ detail }) => detail)
}

/** Whether a line of a plan goes through a whole folder: of rows, nothing but the folder is named. */
function isWalk(detail: string): boolean {
  const isOfRows = /^(SCAN|SEARCH) (own|entry|segment|o|e|p)\b/.test(detail)
  if (!isOfRows || FEW_ROWS.test(detail)) return false
  return detail.startsWith('SCAN') || /\(folder=\?\)$/.test(detail)
}

describe('a folder of any size', () => {
  const directories = [SMALL, LARGE].map(() => mkdtempSync(join(tmpdir(), 'holt-size-')))
  let costs: Cost[] = []

  before(async () => {
    const made: Cost[] = []
    for (const [i, files] of [SMALL, LARGE].entries()) made.push(await costAt(directories[i] ?? '', files))
    costs = made
  })
  after(() => {
    for (const directory of directories) rmSync(directory, { recursive: true })
  })

  it('is read as little, whatever is in it, when ten files change, at a status and at a start', (t) => {
    const [small, large] = costs
    assert.ok(small && large)
    if (process.platform !== 'linux') {
      t.skip('only Linux tells what a program reads')
      return
    }
    for (const [what, pages] of large.pages) {
      assert.ok(pages <= PAGES_MAX, `${what}: ${pages} pages of ${LARGE} files, ${small.pages.get(what)} of ${SMALL}`)
    }
    const figures = [...large.pages].map(([what, pages]): [string, number] => [`pages read: ${what}`, pages])
    recordFigure('folder-size', { files: LARGE, ...Object.fromEntries(figures), 'bytes sent': large.wireBytes })
  })

  it('is never gone through by any statement that is run meanwhile', () => {
    const [, large] = costs
    assert.ok(large && large.statements.size > 20)
    const db = new Database(join(directories[1] ?? '', `${THERE.device}.db`), { readonly: true })
    try {
      const walks = [...large.statements].flatMap((source) =>
        planOf(db, source)
          .filter(isWalk)
          .map((detail) => `${detail}: ${source}`),
      )
      assert.deepEqual(walks, [])
    } finally {
      db.close()
    }
  })

  it('that others have to hear of all at once is told step by step', async () => {
    using here = openSide(directories[0] ?? '', THERE)
    observe(
      here,
      Array.from({ length: GREAT_DEAL }, (_, i) => entryNo(SMALL + i, THERE)),
    )
    const heads: Signed[] = []
    await publishAll(here, (head) => void heads.push(head))
    const ends = heads.map((head) => openHead(head, here.folder.deps.crypto).lastSeq)
    assert.equal(ends.length, 2, 'nobody waits for all of it')
    assert.equal((ends[1] ?? 0) - (ends[0] ?? 0), 1)
  })

  it('sends as much for ten changes, whatever is in it', () => {
    const [small, large] = costs
    assert.ok(small && large)
    assert.ok(large.wireBytes <= SEGMENT_BYTES_MAX, `${large.wireBytes} bytes`)
    assert.ok(Math.abs(large.wireBytes - small.wireBytes) < 100, `${small.wireBytes} bytes of a small one`)
  })
})
