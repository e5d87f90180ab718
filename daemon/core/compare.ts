/** One directory as it is listed, against what this device last made true there. */

import type { RelPath } from '../../protocol/path.ts'
import type { OwnLook, OwnRow } from '../catalogue-port.ts'
import type { DirectoryListing, DiskEntry, HashRequest } from '../ports.ts'

type BlockedEntry = Extract<DiskEntry, { kind: 'blocked' }>
export type FileOnDisk = Extract<DiskEntry, { kind: 'file' }>
export type SeenWithoutHash = Extract<DiskEntry, { kind: 'directory' | 'symlink' }>

export interface Comparison {
  /** Files whose bytes must be read to know what changed. */
  readonly toHash: readonly FileOnDisk[]
  /** Directories and symbolic links that differ from the base. */
  readonly changed: readonly SeenWithoutHash[]
  /** Live in the base, gone from the disk. */
  readonly missing: readonly OwnRow[]
  /** In the base, and ignored now. */
  readonly withdrawn: readonly OwnRow[]
  readonly directories: readonly { readonly path: RelPath; readonly isNew: boolean }[]
  readonly blocked: readonly BlockedEntry[]
  /** Directories below which another volume used to be mounted and is not now. */
  readonly lostMounts: readonly RelPath[]
}

/** A directory without what nothing touched. */
export interface Remainder {
  readonly listing: DirectoryListing
  /** Paths whose rows decide; the others say nothing that the disk does not. */
  readonly paths: ReadonlySet<RelPath>
  /** What nothing touched: how many, and which of them are directories. */
  readonly unchanged: number
  readonly directories: readonly RelPath[]
}

/**
 * Takes away what looks as it did when its entry was made true. A fingerprint tells the kind, too: it is of one inode, or of a
 * directory.
 *
 * @param looks of every own row of the directory.
 */
export function withoutUnchanged(
  listing: DirectoryListing,
  looks: readonly OwnLook[],
  isIgnored: (path: RelPath, isDirectory: boolean) => boolean,
): Remainder {
  const left = new Map(looks.map((look) => [look.path, look]))
  const rest: DiskEntry[] = []
  const restPaths = new Set<RelPath>()
  const directories: RelPath[] = []
  for (const disk of listing.entries) {
    const look = disk.path === null ? undefined : left.get(disk.path)
    if (disk.kind !== 'blocked' && isUntouched(look, disk) && !isIgnored(disk.path, disk.kind === 'directory')) {
      left.delete(disk.path)
      if (disk.kind === 'directory') directories.push(disk.path)
    } else {
      rest.push(disk)
      if (look !== undefined) restPaths.add(look.path)
    }
  }
  const unchanged = listing.entries.length - rest.length
  for (const { path, isLive, hasLocal } of left.values()) if (isLive || hasLocal) restPaths.add(path)
  return { listing: { ...listing, entries: rest }, paths: restPaths, unchanged, directories }
}

function isUntouched(look: OwnLook | undefined, disk: Exclude<DiskEntry, { kind: 'blocked' }>): boolean {
  return look?.isLive === true && !look.hasLocal && look.fingerprint === disk.fingerprint
}

/** @param children own rows of what is listed, and of everything else that lives there. */
export function compareDirectory(
  listing: DirectoryListing,
  children: readonly OwnRow[],
  isIgnored: (path: RelPath, isDirectory: boolean) => boolean,
): Comparison {
  const own = new Map(children.map((row) => [row.entry.path, row]))
  const seen = new Set<RelPath>()
  const toHash: FileOnDisk[] = []
  const changed: SeenWithoutHash[] = []
  const directories: Comparison['directories'][number][] = []
  const blocked: BlockedEntry[] = []
  const lostMounts: RelPath[] = []
  for (const disk of listing.entries) {
    if (disk.kind === 'blocked') {
      blocked.push(disk)
      if (disk.path !== null) seen.add(disk.path)
      continue
    }
    if (isIgnored(disk.path, disk.kind === 'directory')) continue
    seen.add(disk.path)
    const row = own.get(disk.path)
    const isUnchanged = row !== undefined && isSame(row, disk)
    if (disk.kind === 'directory') {
      directories.push({ path: disk.path, isNew: !isUnchanged })
      if (row?.entry.content.kind === 'directory' && row.fingerprint !== null && !isUnchanged && !disk.isMount) {
        lostMounts.push(disk.path)
      }
    }
    if (isUnchanged) continue
    if (disk.kind === 'file') toHash.push(disk)
    else changed.push(disk)
  }
  return { toHash, changed, directories, blocked, lostMounts, ...absent(children, seen, isIgnored) }
}

function isSame(row: OwnRow, disk: Exclude<DiskEntry, { kind: 'blocked' }>): boolean {
  if (row.local !== undefined) return row.local.fingerprint === disk.fingerprint && row.local.content.kind === disk.kind
  return row.fingerprint === disk.fingerprint && row.entry.content.kind === disk.kind && row.entry.isHeld
}

function absent(
  children: readonly OwnRow[],
  seen: ReadonlySet<RelPath>,
  isIgnored: (path: RelPath, isDirectory: boolean) => boolean,
): { missing: OwnRow[]; withdrawn: OwnRow[] } {
  const missing: OwnRow[] = []
  const withdrawn: OwnRow[] = []
  for (const row of children) {
    const { path, content, isHeld } = row.entry
    if (seen.has(path)) continue
    if (row.local !== undefined) {
      if (row.local.fingerprint !== null) missing.push(row)
      continue
    }
    if (content.kind === 'deleted' || !isHeld) continue
    if (isIgnored(path, content.kind === 'directory')) withdrawn.push(row)
    else if (row.fingerprint !== null) missing.push(row)
  }
  return { missing, withdrawn }
}

export function toHashRequest(file: FileOnDisk): HashRequest {
  return { path: file.path, fingerprint: file.fingerprint }
}
