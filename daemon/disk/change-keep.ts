/** Moving what stands in the way of a change to the versions, and back. */

import type { BigIntStats } from 'node:fs'
import { lstatSync, renameSync } from 'node:fs'
import type { Fingerprint, TreeOutcome, VersionName } from '../ports.ts'
import { isExpected, isSameBytes, look } from './change-look.ts'
import { moveToFree } from './change-move.ts'
import { CHANGED } from './change-room.ts'
import type { ChangeRoom, HeldPlace } from './change-room.ts'
import { TreeError } from './disk-error.ts'
import { versionFile } from './versions-log.ts'

/** False, and all as it was, when what is there was edited at the last moment. */
export function keep(room: ChangeRoom, place: HeldPlace, expect: Fingerprint, name: VersionName): boolean {
  using versions = room.directories.openHolt('versions')
  const kept = versions.child(versionFile(name))
  versions.touch()
  place.directory.touch()
  renameToKept(place.at, kept, name)
  try {
    if (isSameBytes(look(kept), expect)) return true
  } catch (cause) {
    putBack(room, place, name)
    throw cause
  }
  putBack(room, place, name)
  return false
}

/** In one go: no kept file is ever replaced. */
function renameToKept(source: string, kept: string, name: VersionName): void {
  if (lstatSync(kept, { throwIfNoEntry: false }) !== undefined) {
    throw new TreeError('io', `a version ${name} is kept already`)
  }
  renameSync(source, kept)
}

/** Where something new has taken the path meanwhile, the old thing stays in the versions. */
function putBack(room: ChangeRoom, place: HeldPlace, name: VersionName): void {
  using versions = room.directories.openHolt('versions')
  const kept = versions.child(versionFile(name))
  const found = look(kept)
  if (found !== undefined) moveToFree(kept, place.at, found)
}

/**
 * Moves what is expected at a place to the versions, then puts the new thing there; puts the old one back when it cannot.
 * @param put gets what was found there; false when something else has taken the place.
 */
export function replace(
  room: ChangeRoom,
  place: HeldPlace,
  change: { readonly expect: Fingerprint | null; readonly keepAs: VersionName | null },
  put: () => TreeOutcome,
  found: BigIntStats | undefined,
): TreeOutcome {
  const { expect, keepAs } = change
  if (!isExpected(found, expect)) return CHANGED
  const isKept = expect !== null && keepAs !== null
  if (isKept && !keep(room, place, expect, keepAs)) return CHANGED
  place.directory.touch()
  try {
    const outcome = put()
    if (isKept && outcome.kind !== 'done') putBack(room, place, keepAs)
    return outcome
  } catch (cause) {
    if (isKept) putBack(room, place, keepAs)
    throw cause
  }
}
