/**
 * Observe: the disk against the base. What differs becomes this device's own entries, in batches; what is gone waits for the end
 * of the pass, so that a folder that is suddenly empty halts before anything is said.
 */

import type { ChunkList } from '../../protocol/chunks.ts'
import type { Content } from '../../protocol/entry.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import { ROOT, ancestorsOf, parentOf } from '../../protocol/path.ts'
import type { CatalogueWriter, OwnRow } from '../catalogue-port.ts'
import type { Comparison, FileOnDisk, SeenWithoutHash } from '../core/compare.ts'
import { compareDirectory, toHashRequest, withoutUnchanged } from '../core/compare.ts'
import { presentOf } from '../core/local.ts'
import type { AbortOptions, DirectoryListing } from '../ports.ts'
import type { Folder, Halt, Problem } from './folder.ts'
import { isLinkAway, linksAway } from './blocked.ts'
import { hint, isLeftOut } from './folder.ts'
import { readIgnoreFiles } from './ignore-files.ts'
import { isLeaving, stillThere } from './leaving.ts'
import { recordMissing } from './observe-missing.ts'
import { noteMoves, tellEarly } from './early-news.ts'
import type { Pass } from './observe-pass.ts'
import { liveBelow, transact } from './observe-pass.ts'
import { record } from './observe-record.ts'
import { blockSentence, unreadableProblem } from './problem-sentences.ts'
import { rootHalt } from './root-halt.ts'
import { isCalm, noteUnstable } from './unstable.ts'
import { withdrawIgnored } from './withdraw.ts'

/** Files that are hashed and recorded together. */
const HASH_BATCH_FILES = 2048
const HASH_BATCH_BYTES = 64 * 1024 * 1024
/** Rows of a directory that are looked up one by one. */
const LOOKED_UP_MAX = 64
/** Directories that are listed in one call. */
const SCAN_BATCH_DIRECTORIES = 256

export interface ObserveOutcome {
  readonly directories: number
  /** Files that were listed, ignored ones too, and what they hold together. */
  readonly files: number
  readonly bytes: number
  readonly changes: number
  /** Set when the folder must stop; then no deletion was recorded. */
  readonly halt: Halt | null
}

/** One pass over some directories, or over all. What it records is dirty where another device says otherwise. */
export async function observe(
  folder: Folder,
  scope: 'all' | ReadonlySet<DirPath>,
  o: AbortOptions,
): Promise<ObserveOutcome> {
  const rootFault = await rootHalt(folder)
  if (rootFault !== null) return { directories: 0, files: 0, bytes: 0, changes: 0, halt: rootFault }
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
    emptied: new Set(),
    rulesChanged: false,
    early: { mayBeMoves: false, entries: 0, bytes: 0 },
    directories: 0,
    files: 0,
    bytes: 0,
    changes: 0,
  }
  try {
    await walk(pass)
    const halt = await recordMissing(pass)
    if (pass.rulesChanged) await afterRulesChanged(folder, scope, o)
    const { directories, files, bytes, changes } = pass
    return { directories, files, bytes, changes, halt }
  } finally {
    folder.gate.release(mark)
  }
}

async function walk(pass: Pass): Promise<void> {
  const { folder, o } = pass
  while (pass.queue.length > 0) {
    const directories = pass.queue.splice(0, SCAN_BATCH_DIRECTORIES)
    for await (const listing of folder.tree.scan(directories, o)) {
      pass.directories += 1
      count(pass, listing)
      await visit(pass, listing)
      if (isEnough(pass.toHash)) await hashAndRecord(pass)
    }
    if (pass.queue.length === 0 && pass.scope === 'all') enqueueUnseen(pass)
  }
  await hashAndRecord(pass)
}

function isEnough(files: readonly FileOnDisk[]): boolean {
  return (
    files.length >= HASH_BATCH_FILES || files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) >= HASH_BATCH_BYTES
  )
}

function count(pass: Pass, { entries }: DirectoryListing): void {
  for (const entry of entries) {
    if (entry.kind !== 'file') continue
    pass.files += 1
    pass.bytes += entry.sizeBytes
  }
}

/** Directories that the base has and the walk did not come by: they are gone, or cannot be read. */
function enqueueUnseen(pass: Pass): void {
  const { folder } = pass
  for (const directory of folder.deps.catalogue.read((tx) => tx.ownDirectories(folder.id))) enqueue(pass, directory)
}

async function visit(pass: Pass, listing: DirectoryListing): Promise<void> {
  const { folder } = pass
  const { directory } = listing
  if (directory !== ROOT && folder.selection.leavesOut(directory, true)) {
    folder.problems.delete(directory)
    return
  }
  if (listing.state === 'unreadable') {
    setProblems(folder, directory, [{ path: directory, code: 'unreadable', sentence: blockSentence('unreadable') }])
    return
  }
  if (listing.state === 'absent') {
    folder.problems.delete(directory)
    if (directory === ROOT) return
    enqueue(pass, parentOf(directory))
    const children = folder.deps.catalogue.read((tx) => tx.ownChildren(folder.id, directory))
    pass.missing.push(...children.filter((row) => presentOf(row) !== undefined))
    return
  }
  if (await readIgnoreFiles(folder, listing)) pass.rulesChanged = true
  const isIgnored = (path: RelPath, isDirectory: boolean): boolean => isLeftOut(folder, path, isDirectory)
  const looks = folder.deps.catalogue.read((tx) => tx.ownLooks(folder.id, directory))
  const rest = withoutUnchanged(listing, looks, isIgnored)
  const children = rowsOf(folder, directory, rest.paths)
  const comparison = compareDirectory(rest.listing, children, isIgnored)
  setProblems(folder, directory, [
    ...comparison.blocked.map((each) => blockedProblem(directory, each)),
    ...stillThere(folder, rest.listing, children),
    ...linksAway(folder, listing),
  ])
  dropOldFailures(folder, directory, comparison.toHash)
  pass.missing.push(...comparison.missing)
  if (directory !== ROOT && rest.unchanged === 0 && isEmptied(comparison, children)) pass.emptied.add(directory)
  pass.toHash.push(...comparison.toHash.filter(({ path }) => isCalm(folder, path)))
  pass.lostMount ??= comparison.lostMounts[0] ?? null
  for (const { path, isNew } of comparison.directories) if (isNew || pass.scope === 'all') enqueue(pass, path)
  if (pass.scope === 'all') for (const path of rest.directories) enqueue(pass, path)
  recordSeen(pass, comparison)
  if (listing.entries.length === 0 || holdsSomething(pass, comparison)) clearSuspicion(pass, directory)
}

/** Many are read together; to look up a few among many is cheaper one by one. */
function rowsOf(folder: Folder, directory: DirPath, paths: ReadonlySet<RelPath>): OwnRow[] {
  if (paths.size === 0) return []
  return folder.deps.catalogue.read((tx) =>
    paths.size > LOOKED_UP_MAX
      ? tx.ownChildren(folder.id, directory).filter(({ entry }) => paths.has(entry.path))
      : [...paths].flatMap((path) => tx.own(folder.id, path) ?? []),
  )
}

function isEmptied({ missing }: Comparison, children: readonly OwnRow[]): boolean {
  return missing.length > 0 && missing.length === children.filter((row) => presentOf(row) !== undefined).length
}

function enqueue(pass: Pass, directory: DirPath): void {
  if (pass.queued.has(directory)) return
  pass.queued.add(directory)
  pass.queue.push(directory)
}

function blockedProblem(directory: DirPath, { path, diskName, reason }: Comparison['blocked'][number]): Problem {
  const shown = path ?? (directory === ROOT ? diskName : `${directory}/${diskName}`)
  return { path: shown, code: reason, sentence: blockSentence(reason) }
}

function setProblems(folder: Folder, directory: DirPath, problems: readonly Problem[]): void {
  if (problems.length === 0) folder.problems.delete(directory)
  else folder.problems.set(directory, problems)
}

/** What could not be read and is no longer to be read is no failure any more. */
const OF_READING: readonly string[] = ['unreadable', 'locked', 'unstable']

function dropOldFailures({ failures, unstable }: Folder, directory: DirPath, toHash: readonly FileOnDisk[]): void {
  for (const [path, { code }] of failures) {
    const isOld =
      OF_READING.includes(code) && parentOf(path) === directory && !toHash.some((file) => file.path === path)
    if (!isOld) continue
    failures.delete(path)
    unstable.delete(path)
  }
}

/** Other paths may be ignored now, or no longer: look at all of them. */
async function afterRulesChanged(folder: Folder, scope: 'all' | ReadonlySet<DirPath>, o: AbortOptions): Promise<void> {
  await withdrawIgnored(folder, o)
  if (scope !== 'all') hint(folder, 'all')
}

function recordSeen(pass: Pass, comparison: Comparison): void {
  const { changed, withdrawn } = comparison
  if (changed.length === 0 && withdrawn.length === 0) return
  transact(pass, (tx) => {
    for (const disk of changed) {
      if (isLinkAway(pass.folder, disk)) continue
      if (isSuspect(disk, tx.own(pass.folder.id, disk.path))) pass.suspects.set(disk.path, disk)
      else record(pass, tx, { ...disk, content: contentOf(disk) })
    }
    for (const row of withdrawn) {
      if (isLeaving(pass.folder, row)) pass.folder.mustLeave = true
      else withdraw(pass, tx, row)
    }
  })
}

/** A directory that others deleted: it may be here only for what is ignored in it. */
function isSuspect(disk: SeenWithoutHash, own: OwnRow | undefined): boolean {
  return disk.kind === 'directory' && own?.entry.content.kind === 'deleted' && own.local === undefined
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
      record(pass, tx, { ...disk, content: contentOf(disk) })
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
  const hashed: { content: Content & { kind: 'file' }; file: FileOnDisk; chunks: ChunkList | null }[] = []
  for await (const result of folder.tree.hash(files.map(toHashRequest), o)) {
    const file = disk.get(result.path)
    if (file === undefined) continue
    if (result.kind === 'changed' && noteUnstable(folder, result.path)) hint(folder, [parentOf(result.path)])
    if (result.kind === 'unreadable')
      folder.failures.set(result.path, {
        path: result.path,
        ...unreadableProblem(result.reason),
      })
    if (result.kind !== 'hashed') continue
    const { hash, sizeBytes, chunks } = result
    hashed.push({
      file,
      chunks,
      content: { kind: 'file', hash, sizeBytes, chunks: chunks?.digest ?? null, executable: file.executable },
    })
  }
  const found = hashed.map(({ content, file }) => ({ ...content, path: file.path }))
  await noteMoves(pass, found)
  transact(pass, (tx) => {
    for (const { content, file, chunks } of hashed) {
      folder.failures.delete(file.path)
      folder.unstable.delete(file.path)
      if (chunks !== null) tx.putChunkList(chunks)
      record(pass, tx, { ...file, content })
    }
  })
  tellEarly(pass, found)
}
