/**
 * One change of the folder, in steps between which the machine may stop and a person may edit. What stands in the way is moved to
 * the versions first, so that no step can lose it; nothing is ever written over.
 */

import { randomUUID } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { lstatSync, mkdirSync, renameSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { unreachable } from '../../protocol/errors.ts'
import { parseBlobHash } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { BlobLocation, TreeChange, TreeOutcome } from '../ports.ts'
import { keep, replace } from './change-keep.ts'
import type { OpenFile } from './change-look.ts'
import { hasAttributes, isExpected, isSameBytes, look, setAttributes, setLinkTime } from './change-look.ts'
import { moveToFree, putAtFree } from './change-move.ts'
import { CHANGED, holdPlace } from './change-room.ts'
import type { ChangeRoom, Unsynced } from './change-room.ts'
import { TreeError, hasErrno } from './disk-error.ts'
import { directoryFingerprint, fingerprintOf } from './fingerprint.ts'

type Change<Kind extends TreeChange['kind']> = Extract<TreeChange, { kind: Kind }>

/** All but files of the store. @throws system errors; ENOENT, ENOTDIR and ELOOP say that something else was found than expected. */
export function applyChange(room: ChangeRoom, change: TreeChange): TreeOutcome {
  switch (change.kind) {
    case 'place':
      throw new Error('what is placed is made ready and synced first')
    case 'symlink':
      return putSymlink(room, change)
    case 'make-directory':
      return makeDirectory(room, change.path)
    case 'rename':
      return rename(room, change)
    case 'touch':
      return touch(room, change)
    case 'remove':
      return remove(room, change)
    case 'remove-directory':
      return removeDirectory(room, change.path)
    default:
      return unreachable(change)
  }
}

/** A blob of the store that has the attributes of the file that it becomes, and is open until it is synced. */
export interface ReadyFile extends Unsynced {
  readonly kind: 'ready'
  readonly change: Change<'place'>
  readonly part: BigIntStats
  /** What stood at the path. */
  readonly found: BigIntStats | undefined
}

/** @throws system errors */
export function readyToPlace(room: ChangeRoom, change: Change<'place'>): ReadyFile | TreeOutcome {
  const { traits } = room.context
  using place = holdPlace(room, change.path, change.expect === null)
  using incoming = room.directories.openHolt('incoming')
  const found = look(place.at)
  if (!isExpected(found, change.expect)) return CHANGED
  const source = incoming.child(blobName(change.source))
  const mode = found?.isFile() === true ? { mode: found.mode } : {}
  const part = setAttributes(source, change, { traits, ...mode, isExpected: () => true })
  if (part === undefined) throw new TreeError('io', `${change.source} is no file`)
  return { kind: 'ready', change, fd: part.fd, fault: undefined, part: part.stats, found }
}

/** Its bytes are synced by now: only names change. @throws system errors */
export function placeFile(room: ChangeRoom, { change, part, found, fault }: ReadyFile): TreeOutcome {
  if (fault !== undefined) throw fault
  using place = holdPlace(room, change.path, change.expect === null)
  using incoming = room.directories.openHolt('incoming')
  const source = incoming.child(blobName(change.source))
  incoming.touch()
  const put = (): TreeOutcome => {
    const how = putAtFree(source, place.at, part)
    if (how === 'taken') return CHANGED
    if (how === 'linked') unlinkSync(source)
    return { kind: 'done', fingerprint: null }
  }
  const outcome = replace(room, place, change, put, found)
  return outcome.kind === 'done' ? outcomeAt(place.at, part) : outcome
}

/** The store names a whole blob by its hash. @throws ProtocolError for a location that no store gave. */
function blobName(source: BlobLocation): string {
  return parseBlobHash(basename(source))
}

/** What is there now, unless it is no longer what was put there. */
function outcomeAt(at: string, put: BigIntStats): TreeOutcome {
  const now = look(at)
  if (now === undefined || !isSameBytes(now, fingerprintOf(put))) return CHANGED
  return { kind: 'done', fingerprint: fingerprintOf(now) }
}

function putSymlink(room: ChangeRoom, change: Change<'symlink'>): TreeOutcome {
  using place = holdPlace(room, change.path, change.expect === null)
  const put = (): TreeOutcome => {
    try {
      symlinkSync(change.target, place.at)
    } catch (cause) {
      if (hasErrno(cause, 'EEXIST')) return CHANGED
      throw cause
    }
    setLinkTime(place.at, change.mtimeMs)
    return { kind: 'done', fingerprint: fingerprintOf(lstatSync(place.at, { bigint: true })) }
  }
  return replace(room, place, change, put, look(place.at))
}

function makeDirectory(room: ChangeRoom, path: RelPath): TreeOutcome {
  using place = holdPlace(room, path, true)
  try {
    mkdirSync(place.at)
    place.directory.touch()
    return { kind: 'done', fingerprint: directoryFingerprint(false) }
  } catch (cause) {
    if (!hasErrno(cause, 'EEXIST')) throw cause
  }
  const found = lstatSync(place.at, { bigint: true })
  if (!found.isDirectory()) return CHANGED
  const root = lstatSync(room.context.root, { bigint: true })
  return { kind: 'done', fingerprint: directoryFingerprint(found.dev !== root.dev) }
}

function rename(room: ChangeRoom, change: Change<'rename'>): TreeOutcome {
  using source = holdPlace(room, change.from, false)
  using target = holdPlace(room, change.path, true)
  const found = look(source.at)
  if (found === undefined || !isExpected(found, change.expect)) return CHANGED
  source.directory.touch()
  target.directory.touch()
  const there = look(target.at)
  const isOnlyCase = there?.ino === found.ino && there.dev === found.dev && found.nlink === 1n
  if (isOnlyCase) renameByDetour(source.at, target.at)
  else if (there !== undefined) return CHANGED
  else if (moveToFree(source.at, target.at, found) !== 'moved') return CHANGED
  room.context.names.forget(change.from)
  room.context.names.forget(change.path)
  return settle(room, target.at, change)
}

/** Two spellings of one name: some systems rename nothing then, so it goes through another name. In one go. */
function renameByDetour(source: string, target: string): void {
  const between = `${source}.${randomUUID().slice(0, 8)}`
  renameSync(source, between)
  const isFree = lstatSync(target, { throwIfNoEntry: false }) === undefined
  renameSync(between, isFree ? target : source)
}

/** The attributes of what was renamed, if they are not yet as they should be. */
function settle(room: ChangeRoom, at: string, change: Change<'rename'>): TreeOutcome {
  const { traits } = room.context
  const moved = look(at)
  if (moved === undefined) return CHANGED
  const isLink = moved.isSymbolicLink()
  if (!isLink && !isSameBytes(moved, change.expect)) return CHANGED
  if (isLink || hasAttributes(moved, change, traits)) return { kind: 'done', fingerprint: fingerprintOf(moved) }
  const isMoved = (found: BigIntStats): boolean => isSameBytes(found, change.expect)
  const set = setAttributes(at, change, { traits, isExpected: isMoved })
  return set === undefined ? CHANGED : syncedWithBatch(room, at, set)
}

function touch(room: ChangeRoom, change: Change<'touch'>): TreeOutcome {
  const { path, expect } = change
  using place = holdPlace(room, path, false)
  const found = look(place.at)
  if (found === undefined || !isExpected(found, expect)) return CHANGED
  if (found.isSymbolicLink()) {
    setLinkTime(place.at, change.mtimeMs)
    place.directory.touch()
    return { kind: 'done', fingerprint: fingerprintOf(lstatSync(place.at, { bigint: true })) }
  }
  const { traits } = room.context
  const isStill = (now: BigIntStats): boolean => isExpected(now, expect)
  const set = setAttributes(place.at, change, { traits, isExpected: isStill })
  return set === undefined ? CHANGED : syncedWithBatch(room, place.at, set)
}

function syncedWithBatch(room: ChangeRoom, at: string, { fd, stats }: OpenFile): TreeOutcome {
  room.syncLater(fd)
  return outcomeAt(at, stats)
}

function remove(room: ChangeRoom, change: Change<'remove'>): TreeOutcome {
  const { path, expect, keepAs } = change
  using place = holdPlace(room, path, false)
  if (!isExpected(look(place.at), expect)) return CHANGED
  if (!keep(room, place, expect, keepAs)) return CHANGED
  room.context.names.forget(path)
  return { kind: 'done', fingerprint: null }
}

function removeDirectory(room: ChangeRoom, path: RelPath): TreeOutcome {
  try {
    using place = holdPlace(room, path, false)
    rmdirSync(place.at)
    place.directory.touch()
  } catch (cause) {
    if (hasErrno(cause, 'ENOTEMPTY', 'EEXIST')) return { kind: 'not-empty' }
    if (!hasErrno(cause, 'ENOENT')) throw cause
  }
  room.directories.forget(path)
  room.context.names.forget(path)
  return { kind: 'done', fingerprint: null }
}
