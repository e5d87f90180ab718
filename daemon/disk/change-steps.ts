/**
 * One change of the folder, in steps between which the machine may stop and a person may edit. What stands in the way is moved to
 * the versions first, so that no step can lose it; nothing is ever written over.
 */

import { randomUUID } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { lstatSync, renameSync } from 'node:fs'
import { basename } from 'node:path'
import { lstat, mkdir, rmdir, symlink, unlink } from 'node:fs/promises'
import { unreachable } from '../../protocol/errors.ts'
import { parseBlobHash } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { BlobLocation, TreeChange, TreeOutcome } from '../ports.ts'
import { keep, replace } from './change-keep.ts'
import { hasAttributes, isExpected, isSameBytes, look, setAttributes, setLinkTime } from './change-look.ts'
import { moveToFree, putAtFree } from './change-move.ts'
import { CHANGED, holdPlace } from './change-room.ts'
import type { ChangeRoom } from './change-room.ts'
import { TreeError, hasErrno } from './disk-error.ts'
import { directoryFingerprint, fingerprintOf } from './fingerprint.ts'

type Change<Kind extends TreeChange['kind']> = Extract<TreeChange, { kind: Kind }>

/** @throws system errors; ENOENT, ENOTDIR and ELOOP say that something else was found than expected. */
export function applyChange(room: ChangeRoom, change: TreeChange): Promise<TreeOutcome> {
  switch (change.kind) {
    case 'place':
      return placeFile(room, change)
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

async function placeFile(room: ChangeRoom, change: Change<'place'>): Promise<TreeOutcome> {
  const { traits } = room.context
  using place = holdPlace(room, change.path, change.expect === null)
  using incoming = room.directories.openHolt('incoming')
  const found = look(place.at)
  if (!isExpected(found, change.expect)) return CHANGED
  const source = incoming.child(blobName(change.source))
  const mode = found?.isFile() === true ? { mode: found.mode } : {}
  const part = await setAttributes(source, change, { traits, ...mode, isSynced: false, isExpected: () => true })
  if (part === undefined) throw new TreeError('io', `${change.source} is no file`)
  incoming.touch()
  const put = async (): Promise<TreeOutcome> => {
    const how = await putAtFree(source, place.at, part)
    if (how === 'taken') return CHANGED
    if (how === 'linked') await unlink(source)
    return { kind: 'done', fingerprint: null }
  }
  const outcome = await replace(room, place, change, put, found)
  return outcome.kind === 'done' ? await outcomeAt(place.at, part) : outcome
}

/** The store names a whole blob by its hash. @throws ProtocolError for a location that no store gave. */
function blobName(source: BlobLocation): string {
  return parseBlobHash(basename(source))
}

/** What is there now, unless it is no longer what was put there. */
async function outcomeAt(at: string, put: BigIntStats): Promise<TreeOutcome> {
  const now = look(at)
  if (now === undefined || !isSameBytes(now, fingerprintOf(put))) return CHANGED
  return { kind: 'done', fingerprint: fingerprintOf(now) }
}

async function putSymlink(room: ChangeRoom, change: Change<'symlink'>): Promise<TreeOutcome> {
  using place = holdPlace(room, change.path, change.expect === null)
  const put = async (): Promise<TreeOutcome> => {
    try {
      await symlink(change.target, place.at)
    } catch (cause) {
      if (hasErrno(cause, 'EEXIST')) return CHANGED
      throw cause
    }
    await setLinkTime(place.at, change.mtimeMs)
    return { kind: 'done', fingerprint: fingerprintOf(await lstat(place.at, { bigint: true })) }
  }
  return await replace(room, place, change, put, look(place.at))
}

async function makeDirectory(room: ChangeRoom, path: RelPath): Promise<TreeOutcome> {
  using place = holdPlace(room, path, true)
  try {
    await mkdir(place.at)
    place.directory.touch()
    return { kind: 'done', fingerprint: directoryFingerprint(false) }
  } catch (cause) {
    if (!hasErrno(cause, 'EEXIST')) throw cause
  }
  const found = await lstat(place.at, { bigint: true })
  if (!found.isDirectory()) return CHANGED
  const root = await lstat(room.context.root, { bigint: true })
  return { kind: 'done', fingerprint: directoryFingerprint(found.dev !== root.dev) }
}

async function rename(room: ChangeRoom, change: Change<'rename'>): Promise<TreeOutcome> {
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
  else if ((await moveToFree(source.at, target.at, found)) !== 'moved') return CHANGED
  room.context.names.forget(change.from)
  room.context.names.forget(change.path)
  return await settle(room, target.at, change)
}

/** Two spellings of one name: some systems rename nothing then, so it goes through another name. In one go. */
function renameByDetour(source: string, target: string): void {
  const between = `${source}.${randomUUID().slice(0, 8)}`
  renameSync(source, between)
  const isFree = lstatSync(target, { throwIfNoEntry: false }) === undefined
  renameSync(between, isFree ? target : source)
}

/** The attributes of what was renamed, if they are not yet as they should be. */
async function settle(room: ChangeRoom, at: string, change: Change<'rename'>): Promise<TreeOutcome> {
  const { traits } = room.context
  const moved = look(at)
  if (moved === undefined) return CHANGED
  const isLink = moved.isSymbolicLink()
  if (!isLink && !isSameBytes(moved, change.expect)) return CHANGED
  if (isLink || hasAttributes(moved, change, traits)) return { kind: 'done', fingerprint: fingerprintOf(moved) }
  const isMoved = (found: BigIntStats): boolean => isSameBytes(found, change.expect)
  const set = await setAttributes(at, change, { traits, isSynced: true, isExpected: isMoved })
  return set === undefined ? CHANGED : await outcomeAt(at, set)
}

async function touch(room: ChangeRoom, change: Change<'touch'>): Promise<TreeOutcome> {
  const { path, expect } = change
  using place = holdPlace(room, path, false)
  const found = look(place.at)
  if (found === undefined || !isExpected(found, expect)) return CHANGED
  if (found.isSymbolicLink()) {
    await setLinkTime(place.at, change.mtimeMs)
    place.directory.touch()
    return { kind: 'done', fingerprint: fingerprintOf(await lstat(place.at, { bigint: true })) }
  }
  const { traits } = room.context
  const isStill = (now: BigIntStats): boolean => isExpected(now, expect)
  const set = await setAttributes(place.at, change, { traits, isSynced: true, isExpected: isStill })
  return set === undefined ? CHANGED : await outcomeAt(place.at, set)
}

async function remove(room: ChangeRoom, change: Change<'remove'>): Promise<TreeOutcome> {
  const { path, expect, keepAs } = change
  using place = holdPlace(room, path, false)
  if (!isExpected(look(place.at), expect)) return CHANGED
  if (!(await keep(room, place, expect, keepAs))) return CHANGED
  room.context.names.forget(path)
  return { kind: 'done', fingerprint: null }
}

async function removeDirectory(room: ChangeRoom, path: RelPath): Promise<TreeOutcome> {
  try {
    using place = holdPlace(room, path, false)
    await rmdir(place.at)
    place.directory.touch()
  } catch (cause) {
    if (hasErrno(cause, 'ENOTEMPTY', 'EEXIST')) return { kind: 'not-empty' }
    if (!hasErrno(cause, 'ENOENT')) throw cause
  }
  room.directories.forget(path)
  room.context.names.forget(path)
  return { kind: 'done', fingerprint: null }
}
