/** Which kept version is meant by a path and a time. */

import type { DirPath, RelPath } from '../../protocol/path.ts'
import { isBelow, nameOf } from '../../protocol/path.ts'
import type { VersionRecord } from '../ports.ts'
import type { Target } from './undo.ts'

/** The batch of files in the versions that no line of the log names: only the end of their path is known. */
const UNKNOWN = 'unknown'

/**
 * What is kept of a path, and of all below it where that is asked for, in the given order. Files whose directory nobody knows any
 * more are meant by any path that ends in their name, where nothing else is.
 */
export function keptOf(records: readonly VersionRecord[], path: DirPath, isRecursive: boolean): VersionRecord[] {
  const known = records.filter((record) => record.batch !== UNKNOWN && isMeant(record, path, isRecursive))
  if (path === '') return isRecursive ? [...records] : known
  const lost = records.filter((record) => record.batch === UNKNOWN && nameOf(record.path) === nameOf(path))
  return known.length > 0 ? known : lost
}

function isMeant(record: VersionRecord, path: DirPath, isRecursive: boolean): boolean {
  return record.path === path || (isRecursive && isBelow(record.path, path))
}

/** @param records of one path, oldest first. @param atMs null: the newest. @returns undefined: what is there now was there then */
export function versionAt(records: readonly VersionRecord[], atMs: number | null): VersionRecord | undefined {
  return atMs === null ? records.at(-1) : records.find(({ keptMs }) => keptMs > atMs)
}

/**
 * What is to be brought back for a path, or a directory with all below it.
 *
 * @param records oldest first. @param atMs null: the newest of each, but below a directory only where nothing is now.
 */
export function restoreTargets(
  records: readonly VersionRecord[],
  path: DirPath,
  atMs: number | null,
  isThere: (path: RelPath) => boolean,
): { readonly targets: readonly Target[]; readonly isDirectory: boolean } {
  const kept = keptOf(records, path, true)
  const isDirectory = kept.some((record) => record.isDirectory || isBelow(record.path, path))
  const targets = [...Map.groupBy(kept, (record) => (record.batch === UNKNOWN ? path : record.path))]
    .flatMap(([at, own]): Target[] => {
      const version = versionAt(own, atMs)
      if (version === undefined || at === '') return []
      return [{ path: at, version, became: null }]
    })
    .filter(({ path: at }) => !isDirectory || atMs !== null || !isThere(at))
  return { targets, isDirectory }
}
