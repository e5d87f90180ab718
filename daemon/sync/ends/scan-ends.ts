/** What both ends of a pair show now: listed level by level, side by side, and hashed where that is not known yet. */

import type { DirPath, RelPath } from '../../../protocol/path.ts'
import { ROOT } from '../../../protocol/path.ts'
import type { Comparison } from '../../../protocol/pair-options.ts'
import { needsHash } from '../../core/pair-compare.ts'
import { directoriesAbove } from '../../core/pair-decision.ts'
import type { PairViews } from '../../core/pair-decision.ts'
import type { BaseRow, End, FileItem, Item, PairBase, Side, Sighting } from '../../pair-port.ts'
import type { AbortOptions, BlockReason, DirectoryListing, DiskEntry } from '../../ports.ts'
import { PairError } from './pair-error.ts'
import type { Selection } from './selection.ts'

export const SIDES = ['source', 'destination'] as const
/** Hashes that are remembered in one transaction. */
const SIGHTINGS_AT_ONCE = 256

export type Ends = Readonly<Record<Side, End>>

export type OffCode = BlockReason | 'unstable'
/** A path that cannot be looked at; neither it nor anything below it is touched, on either side. */
export interface OffPath {
  readonly side: Side
  /** As a path, where it is one. */
  readonly path: string
  readonly code: OffCode
}

export interface ScannedEnds {
  readonly views: PairViews
  readonly off: readonly OffPath[]
  /** Paths that are remembered, and are ignored now. */
  readonly withdrawn: readonly RelPath[]
  readonly files: number
}

export interface ScanOptions extends AbortOptions {
  readonly compare: Comparison
  readonly selection: Selection
  /** Told of files as they are listed, and of bytes that are read. */
  readonly onSeen: (files: number, bytes: number) => void
}

export async function scanEnds(ends: Ends, base: PairBase, o: ScanOptions): Promise<ScannedEnds> {
  const scan: Scan = {
    ends,
    o,
    items: { source: new Map(), destination: new Map() },
    off: [],
    offPaths: new Set(),
    files: 0,
  }
  let level: readonly DirPath[] = [ROOT]
  while (level.length > 0) level = await scanLevel(scan, level)
  if (o.selection.hasIncludes) dropPassages(scan)
  const rows = [...base.rows()]
  const known = knownHashes(rows, base)
  for (const side of SIDES) await hashSide(scan, side, base, known)
  const { kept, withdrawn } = selectRows(scan, rows)
  const isOn = (path: RelPath): boolean => !isOff(scan, path)
  const visible = (side: Side): Map<RelPath, Item> =>
    scan.offPaths.size === 0 ? scan.items[side] : new Map([...scan.items[side]].filter(([path]) => isOn(path)))
  const views = { source: visible('source'), destination: visible('destination'), base: kept }
  return { views, off: scan.off, withdrawn, files: scan.files }
}

interface Scan {
  readonly ends: Ends
  readonly o: ScanOptions
  readonly items: Readonly<Record<Side, Map<RelPath, Item>>>
  readonly off: OffPath[]
  readonly offPaths: Set<string>
  files: number
}

/** @returns the directories of the next level. */
async function scanLevel(scan: Scan, level: readonly DirPath[]): Promise<readonly DirPath[]> {
  const { ends, o } = scan
  const listings = await Promise.all(SIDES.map((side) => listAll(ends[side], level, o)))
  // All ignore files of the level count before any of its entries is taken.
  for (const [at, side] of SIDES.entries()) await o.selection.learn(side, ends[side], listings[at] ?? [])
  const next = new Set<DirPath>()
  for (const [at, side] of SIDES.entries()) {
    for (const listing of listings[at] ?? []) takeListing(scan, side, listing, next)
  }
  return [...next]
}

async function listAll(end: End, level: readonly DirPath[], o: AbortOptions): Promise<DirectoryListing[]> {
  const listings: DirectoryListing[] = []
  for await (const listing of end.list(level, o)) listings.push(listing)
  return listings
}

function takeListing(
  scan: Scan,
  side: Side,
  { directory, state, entries }: DirectoryListing,
  next: Set<DirPath>,
): void {
  if (state === 'unreadable' || (state === 'absent' && directory === ROOT)) {
    if (directory === ROOT) throw new PairError('root-denied', `${scan.ends[side].place} cannot be listed.`)
    putOff(scan, { side, path: directory, code: 'unreadable' })
  }
  const before = scan.files
  for (const entry of entries) takeEntry(scan, side, entry, next)
  scan.o.onSeen(scan.files - before, 0)
}

function takeEntry(scan: Scan, side: Side, entry: DiskEntry, next: Set<DirPath>): void {
  const { selection } = scan.o
  if (entry.kind === 'blocked') {
    if (entry.path === null || !selection.isIgnored(entry.path, false))
      putOff(scan, { side, path: entry.path ?? entry.diskName, code: entry.reason })
    return
  }
  const isDirectory = entry.kind === 'directory'
  if (selection.isIgnored(entry.path, isDirectory)) return
  if (isDirectory) next.add(entry.path)
  else if (!selection.isIncluded(entry.path, false)) return
  if (!isDirectory) scan.files += 1
  scan.items[side].set(entry.path, toItem(entry, scan.ends[side]))
}

function toItem(entry: Exclude<DiskEntry, { kind: 'blocked' }>, end: End): Item {
  switch (entry.kind) {
    case 'directory':
      return { kind: 'directory', isMount: entry.isMount }
    case 'symlink':
      return { kind: 'symlink', look: entry.fingerprint, target: entry.target, mtimeMs: entry.mtimeMs }
    case 'file': {
      const executable = end.traits.executableBit ? entry.executable : null
      const { fingerprint: look, sizeBytes, mtimeMs } = entry
      return { kind: 'file', look, sizeBytes, mtimeMs, executable, hash: null }
    }
  }
}

function putOff(scan: Scan, off: OffPath): void {
  scan.off.push(off)
  scan.offPaths.add(off.path)
}

function isOff({ offPaths }: Scan, path: RelPath): boolean {
  if (offPaths.size === 0) return false
  if (offPaths.has(path)) return true
  for (const directory of directoriesAbove(path)) if (offPaths.has(directory)) return true
  return false
}

/** Directories that were only walked through to what is included. */
function dropPassages({ items, o }: Scan): void {
  for (const side of SIDES) {
    const needed = new Set<RelPath>()
    for (const [path, item] of items[side]) {
      if (item.kind === 'directory' && !o.selection.isIncluded(path, true)) continue
      for (const directory of directoriesAbove(path)) needed.add(directory)
    }
    for (const [path, item] of [...items[side]]) {
      const isAsked = item.kind !== 'directory' || o.selection.isIncluded(path, true) || needed.has(path)
      if (!isAsked) items[side].delete(path)
    }
  }
}

// ---- Hashes.

type Known = (side: Side, path: RelPath, look: string) => FileItem['hash']

function knownHashes(rows: readonly BaseRow[], base: PairBase): Known {
  const byKey = new Map<string, FileItem['hash']>()
  const keyOf = (side: Side, path: RelPath, look: string): string => `${side} ${look} ${path}`
  for (const row of rows) {
    for (const side of SIDES) {
      const item = row[side]
      if (item.kind === 'file' && item.hash !== null) byKey.set(keyOf(side, row.path, item.look), item.hash)
    }
  }
  for (const { side, path, look, hash } of base.sightings()) byKey.set(keyOf(side, path, look), hash)
  return (side, path, look) => byKey.get(keyOf(side, path, look)) ?? null
}

async function hashSide(scan: Scan, side: Side, base: PairBase, known: Known): Promise<void> {
  const { ends, o, items } = scan
  const end = ends[side]
  const toHash: { path: RelPath; fingerprint: FileItem['look'] }[] = []
  for (const [path, item] of items[side]) {
    if (item.kind !== 'file' || isOff(scan, path)) continue
    const hash = known(side, path, item.look)
    if (hash !== null) items[side].set(path, { ...item, hash })
    else if (needsHash(o.compare)) toHash.push({ path, fingerprint: item.look })
  }
  if (toHash.length === 0) return
  let seen: Sighting[] = []
  let lists: { hash: Sighting['hash']; list: NonNullable<ReturnType<PairBase['chunkList']>> }[] = []
  for await (const result of end.hash(toHash, o)) {
    const item = items[side].get(result.path)
    if (item?.kind !== 'file') continue
    if (result.kind !== 'hashed') {
      putOff(scan, { side, path: result.path, code: result.kind === 'changed' ? 'unstable' : 'unreadable' })
      continue
    }
    items[side].set(result.path, { ...item, hash: result.hash })
    seen.push({ side, path: result.path, look: item.look, hash: result.hash })
    if (result.chunks !== null) lists.push({ hash: result.hash, list: result.chunks })
    o.onSeen(0, result.sizeBytes)
    if (seen.length < SIGHTINGS_AT_ONCE) continue
    base.remember({ seen, lists })
    ;[seen, lists] = [[], []]
  }
  base.remember({ seen, lists })
}

// ---- What is remembered.

/** Rows of paths that are ignored now are forgotten; those that cannot be looked at stay as they are. */
function selectRows(
  scan: Scan,
  rows: readonly BaseRow[],
): { kept: ReadonlyMap<RelPath, BaseRow>; withdrawn: RelPath[] } {
  const { selection } = scan.o
  const kept = new Map<RelPath, BaseRow>()
  const withdrawn: RelPath[] = []
  for (const row of rows) {
    const { path } = row
    if (isOff(scan, path)) continue
    const isDirectory = row.source.kind === 'directory'
    const isThere = scan.items.source.has(path) || scan.items.destination.has(path)
    const isOut = selection.isIgnored(path, isDirectory) || (!isThere && !isAskedFor(selection, path, isDirectory))
    if (isOut) withdrawn.push(path)
    else kept.set(path, row)
  }
  return { kept, withdrawn }
}

function isAskedFor(selection: Selection, path: RelPath, isDirectory: boolean): boolean {
  return selection.isIncluded(path, isDirectory)
}
