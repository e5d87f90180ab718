/** Moving a file or symbolic link to a name that nothing may have, without ever replacing what takes it meanwhile. */

import type { BigIntStats } from 'node:fs'
import { linkSync, lstatSync, lutimesSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { hasErrno } from './disk-error.ts'

/** Codes by which file systems say that they have no hard links, or not of this file. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'] as const

/**
 * @param found what stands at the source.
 * @returns `taken` when something is at the target, `changed` when the source is no longer what was found; then nothing was done.
 */
export function moveToFree(source: string, target: string, found: BigIntStats): 'moved' | 'taken' | 'changed' {
  const put = putAtFree(source, target, found)
  if (put === 'linked') {
    if (removeIfSame(source, found)) return 'moved'
    removeIfSame(target, found)
    return 'changed'
  }
  return put
}

/**
 * Gives a file of the store its place: `linked` when it now has both names, `moved` when it could only be renamed.
 * @throws system errors, with nothing done.
 */
export function putAtFree(source: string, target: string, found: BigIntStats): 'linked' | 'moved' | 'taken' {
  // Elsewhere a hard link of a symbolic link is one of what it points to.
  if (found.isSymbolicLink() && process.platform !== 'linux') return copyLink(source, target, found)
  try {
    linkSync(source, target)
    return 'linked'
  } catch (cause) {
    if (hasErrno(cause, 'EEXIST')) return 'taken'
    if (!hasErrno(cause, ...NO_LINKS)) throw cause
    return renameToFree(source, target)
  }
}

function copyLink(source: string, target: string, found: BigIntStats): 'moved' | 'taken' {
  try {
    symlinkSync(readlinkSync(source, { encoding: 'buffer' }), target)
  } catch (cause) {
    if (hasErrno(cause, 'EEXIST')) return 'taken'
    throw cause
  }
  const seconds = Number(found.mtimeNs) / 1e9
  lutimesSync(target, seconds, seconds)
  removeIfSame(source, found)
  return 'moved'
}

/** In one go, so that only another process can come between the look and the rename. */
function renameToFree(source: string, target: string): 'moved' | 'taken' {
  if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) return 'taken'
  renameSync(source, target)
  return 'moved'
}

/** Removes a name unless it has become another file's. */
function removeIfSame(path: string, found: BigIntStats): boolean {
  const now = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  const isSame = now !== undefined && now.ino === found.ino && now.size === found.size && now.mtimeNs === found.mtimeNs
  if (isSame) unlinkSync(path)
  return isSame
}
