/**
 * Observe: the disk against the base. What differs becomes this device's own entries, in batches; what is gone waits for the end
 * of the pass, so that a folder that is suddenly empty halts before anything is said.
 */

import type { ChunkList } from '../../protocol/chunks.ts'
import type { Content, Entry } from '../../protocol/entry.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import { ROOT, ancestorsOf, childOf, nameOf, parentOf } from '../../protocol/path.ts'
import type { CatalogueWriter, OwnRow } from '../catalogue-port.ts'
import type { Comparison, FileOnDisk, SeenWithoutHash } from '../core/compare.ts'
import { compareDirectory, toHashRequest } from '../core/compare.ts'
import { IGNORE_FILES, IGNORE_FILE_BYTES_MAX, createIgnoreRules } from '../core/ignore.ts'
import { followBurst, isMassDelete } from '../core/guard.ts'
import { observed } from '../core/observed.ts'
import type { AbortOptions, DirectoryListing, Fingerprint } from '../ports.ts'
import type { Folder, Halt, Problem } from './folder.ts'
import { deletionOf, withoutMoved } from './deletions.ts'
import { hint, resolverOf } from './folder.ts'
import { notHere, withdrawIgnored } from './withdraw.ts'
import { blockSentence, unreadableSentence } from './problem-sentences.ts'

/** Files that are hashed and recorded together. */
const HASH_BATCH_FILES = 2048
/** Directories that are listed in one call. */
const SCAN_BATCH_DIRECTORIES = 256
/** Own rows that one page of a missing directory holds. */
const PAGE_ROWS = 4096

export interface ObserveOutcome {
  readonly directories: number
  readonly changes: number
  /** Set when the folder must stop; then no deletion was recorded. */
  readonly halt: Halt | null
}

interface Pass {
  readonly folder: Folder
  readonly o: AbortOptions
  readonly mark: number
  readonly scope: 'all' | ReadonlySet<DirPath>
  readonly toHash: FileOnDisk[]
  readonly missing: OwnRow[]
  readonly queue: DirPath[]
  readonly queued: Set<DirPath>
  /** Directories on the disk whose base says deleted: new only if something in them is not ignored, or nothing is in them. */
  readonly suspects: Map<RelPath, SeenWithoutHash>
  lostMount: RelPath | null
  rulesChanged: boolean
  directories: number
  changes: number
}

/** One pass over some directories, or over all. What it records is dirty where another device says otherwise. */
export async function observe(
  folder: Folder,
  scope: 'all' | ReadonlySet<DirPath>,
  o: AbortOptions,
): Promise<ObserveOutcome> {
  const rootFault = await rootHalt(folder)
  if (rootFault !== null) return { directories: 0, changes: 0, halt: rootFault }
  const mark = folder.gate.mark()
  const start: DirPath[] = scope === 'all' ? [ROOT] : [...scope]
  const pass: Pass = {
    folder,
    o,
    mark,
    scope,
    toHash: [],
    missing: [],
    queue: start,
    queued: new Set(start),
    suspects: new Map(),
    lostMount: null,
    rulesChanged: false,
    directories: 0,
    changes: 0,
  }
  try {
    await walk(pass)
    const halt = await recordMissing(pass)
    if (pass.rulesChanged) afterRulesChanged(folder, scope)
    return { directories: pass.directories, changes: pass.changes, halt }
  } finally {
    folder.gate.release(mark)
  }
}

/** What is wrong with the root, if anything is. */
export async function rootHalt(folder: Folder): Promise<Halt | null> {
  switch (await folder.tree.check()) {
    case 'ok':
      return null
    case 'missing':
      return { kind: 'root-missing' }
    case 'unmarked':
      return { kind: 'root-unmarked' }
    case 'read-only':
      return { kind: 'root-read-only' }
  }
}

async function walk(pass: Pass): Promise<void> {
  const { folder, o } = pass
  while (pass.queue.length > 0) {
    const directories = pass.queue.splice(0, SCAN_BATCH_DIRECTORIES)
    for await (const listing of folder.tree.scan(directories, o)) {
      pass.directories += 1
      await visit(pass, listing)
      if (pass.toHash.length >= HASH_BATCH_FILES) await hashAndRecord(pass)
    }
    if (pass.queue.length === 0 && pass.scope === 'all') enqueueUnseen(pass)
  }
  await hashAndRecord(pass)
}

/** Directories that the base has and the walk did not come by: they are gone, or cannot be read. */
function enqueueUnseen(pass: Pass): void {
  const { folder } = pass
  for (const directory of folder.deps.catalogue.read((tx) => tx.ownDirectories(folder.id))) enqueue(pass, directory)
}

async function visit(pass: Pass, listing: DirectoryListing): Promise<void> {
  const { folder } = pass
  const { directory } = listing
  if (listing.state === 'unreadable') {
    setProblems(folder, directory, [{ path: directory, code: 'unreadable', sentence: blockSentence('unreadable') }])
    return
  }
  if (listing.state === 'absent') {
    folder.problems.delete(directory)
    if (directory === ROOT) return
    enqueue(pass, parentOf(directory))
    const gone = folder.deps.catalogue.read((tx) => liveBelow(tx, folder, directory))
    pass.missing.push(...gone.filter((row) => row.fingerprint !== null))
    return
  }
  await readRules(pass, listing)
  const children = folder.deps.catalogue.read((tx) => tx.ownChildren(folder.id, directory))
  const comparison = compareDirectory(listing, children, (path, isDirectory) => folder.rules.ignores(path, isDirectory))
  setProblems(
    folder,
    directory,
    comparison.blocked.map((each) => ({
      path: each.path ?? (directory === ROOT ? each.diskName : `${directory}/${each.diskName}`),
      code: each.reason,
      sentence: blockSentence(each.reason),
    })),
  )
  dropOldFailures(folder, directory, comparison.toHash)
  pass.missing.push(...comparison.missing)
  pass.toHash.push(...comparison.toHash)
  pass.lostMount ??= comparison.lostMounts[0] ?? null
  for (const { path, isNew } of comparison.directories) if (isNew || pass.scope === 'all') enqueue(pass, path)
  recordSeen(pass, comparison)
  if (listing.entries.length === 0 || holdsSomething(pass, comparison)) clearSuspicion(pass, directory)
}

function enqueue(pass: Pass, directory: DirPath): void {
  if (pass.queued.has(directory)) return
  pass.queued.add(directory)
  pass.queue.push(directory)
}

function setProblems(folder: Folder, directory: DirPath, problems: readonly Problem[]): void {
  if (problems.length === 0) folder.problems.delete(directory)
  else folder.problems.set(directory, problems)
}

/** What could not be read and is no longer to be read is no failure any more. */
function dropOldFailures({ failures }: Folder, directory: DirPath, toHash: readonly FileOnDisk[]): void {
  for (const [path, { code }] of failures) {
    const isOld = code === 'unreadable' && parentOf(path) === directory && !toHash.some((file) => file.path === path)
    if (isOld) failures.delete(path)
  }
}

/** Reads the ignore files of a directory again; cheap where there are none. */
async function readRules(pass: Pass, listing: DirectoryListing): Promise<void> {
  const { folder } = pass
  const names = new Set(listing.entries.map((entry) => (entry.kind === 'file' ? nameOf(entry.path) : '')))
  const texts: string[] = []
  for (const name of IGNORE_FILES) {
    if (names.has(name))
      texts.push((await folder.tree.readSmall(childOf(listing.directory, name), IGNORE_FILE_BYTES_MAX)) ?? '')
  }
  const text = texts.length === 0 ? undefined : texts.join('\n')
  if (folder.ignoreFiles.get(listing.directory) === text) return
  if (text === undefined) folder.ignoreFiles.delete(listing.directory)
  else folder.ignoreFiles.set(listing.directory, text)
  folder.rules = createIgnoreRules(folder.ignoreFiles)
  pass.rulesChanged = true
}

/** Other paths may be ignored now, or no longer: look at all of them. */
function afterRulesChanged(folder: Folder, scope: 'all' | ReadonlySet<DirPath>): void {
  withdrawIgnored(folder)
  if (scope !== 'all') hint(folder, 'all')
}

function recordSeen(pass: Pass, comparison: Comparison): void {
  const { changed, withdrawn } = comparison
  if (changed.length === 0 && withdrawn.length === 0) return
  transact(pass, (tx) => {
    for (const disk of changed) {
      const isSuspect = disk.kind === 'directory' && tx.own(pass.folder.id, disk.path)?.entry.content.kind === 'deleted'
      if (isSuspect) pass.suspects.set(disk.path, disk)
      else record(pass, tx, disk.path, contentOf(disk), disk.mtimeMs, disk.fingerprint)
    }
    for (const row of withdrawn) withdraw(pass, tx, row)
  })
}

function holdsSomething(pass: Pass, { toHash, changed }: Comparison): boolean {
  return toHash.length > 0 || changed.some((disk) => !pass.suspects.has(disk.path))
}

/** Something that counts is in a directory, so it and those above it are there again. */
function clearSuspicion(pass: Pass, directory: DirPath): void {
  if (directory === ROOT || pass.suspects.size === 0) return
  transact(pass, (tx) => {
    for (const path of [directory, ...ancestorsOf(directory)]) {
      const disk = pass.suspects.get(path)
      if (disk === undefined) continue
      pass.suspects.delete(path)
      record(pass, tx, path, contentOf(disk), disk.mtimeMs, disk.fingerprint)
    }
  })
}

function contentOf(disk: SeenWithoutHash): Content {
  return disk.kind === 'directory' ? { kind: 'directory' } : { kind: 'symlink', target: disk.target }
}

function withdraw(pass: Pass, tx: CatalogueWriter, row: OwnRow): void {
  const below = row.entry.content.kind === 'directory' ? liveBelow(tx, pass.folder, row.entry.path) : []
  for (const each of [row, ...below]) {
    tx.setOwn(pass.folder.id, { entry: { ...each.entry, isHeld: false }, fingerprint: null }, 'resolved')
    pass.changes += 1
  }
}

async function hashAndRecord(pass: Pass): Promise<void> {
  const { folder, o } = pass
  const files = pass.toHash.splice(0)
  if (files.length === 0) return
  const disk = new Map(files.map((file) => [file.path, file]))
  const hashed: { content: Content; file: FileOnDisk; chunks: ChunkList | null }[] = []
  for await (const result of folder.tree.hash(files.map(toHashRequest), o)) {
    const file = disk.get(result.path)
    if (file === undefined) continue
    if (result.kind === 'changed') hint(folder, [parentOf(result.path)])
    if (result.kind === 'unreadable')
      folder.failures.set(result.path, {
        path: result.path,
        code: 'unreadable',
        sentence: unreadableSentence(result.reason),
      })
    if (result.kind !== 'hashed') continue
    const { hash, sizeBytes, chunks } = result
    hashed.push({
      file,
      chunks,
      content: { kind: 'file', hash, sizeBytes, chunks: chunks?.digest ?? null, executable: file.executable },
    })
  }
  transact(pass, (tx) => {
    for (const { content, file, chunks } of hashed) {
      folder.failures.delete(file.path)
      if (chunks !== null) tx.putChunkList(chunks)
      record(pass, tx, file.path, content, file.mtimeMs, file.fingerprint)
    }
  })
}

function transact(pass: Pass, body: (tx: CatalogueWriter) => void): void {
  pass.folder.deps.catalogue.transact({ isDurable: false }, body)
}

/** Records one sighting, unless the path was touched by ourselves since the pass began. */
function record(
  pass: Pass,
  tx: CatalogueWriter,
  path: RelPath,
  content: Content,
  mtimeMs: number,
  fingerprint: Fingerprint | null,
): void {
  const { folder } = pass
  if (folder.gate.isTouched(path, pass.mark)) {
    hint(folder, [parentOf(path)])
    return
  }
  const own = tx.own(folder.id, path)
  const others = tx.others(folder.id, path).map(({ entry }) => entry)
  const intended = folder.intended.get(path)
  const carried = own === undefined ? content : carriedTraits(folder, content, own.entry)
  const seen = observed(
    { path, content: carried, mtimeMs, hasBase: own?.fingerprint != null },
    own?.entry,
    intended === undefined ? others : [...others, intended],
    resolverOf(folder),
    folder.deps.clock.wallMs(),
  )
  if (seen.kind === 'same') {
    if (own?.fingerprint !== fingerprint) tx.setFingerprint(folder.id, path, fingerprint)
    if (others.length > 0) tx.markDirty(folder.id, [path])
    return
  }
  tx.setOwn(folder.id, { entry: seen.entry, fingerprint }, 'observed')
  pass.changes += 1
}

/** A property that the root cannot hold is carried from the entry, and never taken for changed. */
function carriedTraits(folder: Folder, content: Content, own: Entry): Content {
  if (folder.tree.traits.executableBit || content.kind !== 'file' || own.content.kind !== 'file') return content
  return { ...content, executable: own.content.executable }
}

/** Deletions, last: after one more look at the root, and unless they are too many. */
async function recordMissing(pass: Pass): Promise<Halt | null> {
  const { folder } = pass
  if (pass.lostMount !== null) return { kind: 'mount-missing', path: pass.lostMount }
  if (pass.missing.length === 0) {
    folder.burst = null
    return null
  }
  const rows = missingRows(pass)
  const rootFault = await rootHalt(folder)
  if (rootFault !== null) return rootFault
  const { live } = folder.deps.catalogue.read((tx) => tx.totals(folder.id))
  const edits = deletionsOf(folder, rows)
  if (isStillComing(folder, rows, edits.length)) return null
  if (isMassDelete(edits.length, live)) {
    if (folder.decision === null) return { kind: 'mass-delete-here', deletes: edits.length, live }
    const decision = folder.decision
    folder.decision = null
    if (decision === 'reject') return takeBack(pass, rows)
  }
  const nowMs = folder.deps.clock.wallMs()
  transact(pass, (tx) => {
    for (const row of rows) record(pass, tx, row.entry.path, { kind: 'deleted' }, nowMs, null)
  })
  return null
}

/** Whether more deletions may follow; then their directories are looked at again, and nothing is recorded. */
function isStillComing(folder: Folder, rows: readonly OwnRow[], deletes: number): boolean {
  const isJudged = folder.halt?.kind === 'mass-delete-here' || folder.decision !== null
  folder.burst = isJudged ? null : followBurst(folder.burst, deletes, folder.deps.clock.monotonicMs())
  if (folder.burst === null) return false
  for (const { entry } of rows) folder.hints.directories.add(parentOf(entry.path))
  return true
}

/** The deletions were not meant: what is gone from the disk is to be fetched again. */
function takeBack(pass: Pass, rows: readonly OwnRow[]): null {
  const { folder } = pass
  transact(pass, (tx) => {
    for (const { entry } of rows) notHere(tx, folder, entry)
  })
  return null
}

/** Each row once, with everything below a directory. */
function missingRows({ folder, missing }: Pass): OwnRow[] {
  const all = folder.deps.catalogue.read((tx) =>
    missing.flatMap((row) =>
      row.entry.content.kind === 'directory' ? [row, ...liveBelow(tx, folder, row.entry.path)] : [row],
    ),
  )
  return [...new Map(all.map((row) => [row.entry.path, row])).values()].filter((row) => row.fingerprint !== null)
}

/** What the person here deleted: what others deleted already is no news, and a file that moved is no deletion. */
function deletionsOf(folder: Folder, rows: readonly OwnRow[]): readonly RelPath[] {
  const news = rows.filter((row) => !isTombstoneKnown(folder, row))
  return folder.deps.catalogue.read((tx) =>
    withoutMoved(
      tx,
      folder.id,
      news.map(({ entry }) => deletionOf(entry)),
    ),
  )
}

/** Whether another device deleted the path already: then its absence here is no news. */
function isTombstoneKnown(folder: Folder, row: OwnRow): boolean {
  const others = folder.deps.catalogue.read((tx) => tx.others(folder.id, row.entry.path))
  return others.some(({ entry }) => entry.content.kind === 'deleted')
}

function liveBelow(tx: Pick<CatalogueWriter, 'ownLiveBelow'>, folder: Folder, directory: RelPath): OwnRow[] {
  const rows: OwnRow[] = []
  for (let after: RelPath | null = null; ; after = rows.at(-1)?.entry.path ?? null) {
    const page = tx.ownLiveBelow(folder.id, directory, after, PAGE_ROWS)
    rows.push(...page)
    if (page.length < PAGE_ROWS) return rows
  }
}
