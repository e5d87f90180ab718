/** Whether two looks at a path show the same, and how a side stands to the last common state. */

import type { Comparison } from '../../protocol/pair-options.ts'
import type { FileItem, Item } from '../pair-port.ts'
import type { Standing } from './decision-table.ts'

/** Times nearer than this are one: FAT keeps them to two seconds. */
export const MTIME_TOLERANCE_MS = 2000

export function needsHash(compare: Comparison): boolean {
  return compare === 'hash' || compare === 'hash+mtime'
}

/** Whether two items have the same content, as far as the comparison looks. With hashes, a time alone makes no difference. */
export function sameItem(a: Item, b: Item, compare: Comparison): boolean {
  if (a.kind === 'symlink') return b.kind === 'symlink' && a.target === b.target
  if (a.kind === 'directory' || b.kind !== 'file') return a.kind === b.kind
  return sameExecutable(a, b) && sameBytes(a, b, compare)
}

function sameBytes(a: FileItem, b: FileItem, compare: Comparison): boolean {
  switch (compare) {
    case 'hash':
    case 'hash+mtime':
      return a.hash !== null && a.hash === b.hash
    case 'size':
      return a.sizeBytes === b.sizeBytes
    case 'mtime':
      return sameTime(a, b)
    case 'size+mtime':
      return a.sizeBytes === b.sizeBytes && sameTime(a, b)
  }
}

/** An end that cannot tell agrees with everything. */
function sameExecutable(a: FileItem, b: FileItem): boolean {
  return a.executable === null || b.executable === null || a.executable === b.executable
}

function sameTime(a: FileItem, b: FileItem): boolean {
  return Math.abs(a.mtimeMs - b.mtimeMs) <= MTIME_TOLERANCE_MS
}

/** Whether files of the same bytes differ in their time, where the comparison cares for both. */
export function isTouched(a: Item, b: Item, compare: Comparison): boolean {
  return compare === 'hash+mtime' && a.kind === 'file' && b.kind === 'file' && !sameTime(a, b)
}

/** @param base how the side was when both agreed. */
export function standingOf(now: Item | undefined, base: Item | undefined, compare: Comparison): Standing {
  if (base === undefined) return now === undefined ? 'absent' : 'new'
  if (now === undefined) return 'deleted'
  return isUntouched(now, base) || sameItem(now, base, compare) ? 'same' : 'edited'
}

/** Nothing has touched it since. */
export function isUntouched(now: Item, base: Item): boolean {
  if (now.kind === 'directory' || base.kind === 'directory') return now.kind === base.kind
  return now.kind === base.kind && now.look === base.look
}

/** Milliseconds since 1970; directories have no time of their own. */
export function timeOf(item: Item): number {
  return item.kind === 'directory' ? 0 : item.mtimeMs
}

/** One side has a directory where the other has a file or a link. */
export function clashes(a: Item, b: Item): boolean {
  return (a.kind === 'directory') !== (b.kind === 'directory')
}
