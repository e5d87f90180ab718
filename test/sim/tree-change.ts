/**
 * Changing a simulated folder, in the steps of a real one: each is a system call of its own, between which the device may
 * die and a person may edit. What stood in the way is moved to the versions first, so no step can lose it.
 */

import type { ApplyFault, Fingerprint, TreeChange, TreeOutcome, VersionName } from '../../daemon/ports.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ancestorsOf } from '../../protocol/path.ts'
import { unreachable } from '../../protocol/errors.ts'
import { fingerprintOf, isSameBytes } from './disk-names.ts'
import { Errno, hasErrno } from './errno.ts'
import { placeOf } from './tree-root.ts'
import type { TreeRoot } from './tree-root.ts'
import { versionPath } from './versions.ts'
import type { Volume } from './volume.ts'

export interface ChangeContext {
  readonly root: TreeRoot
  /** Paths whose directory has to be synced when the batch is done. */
  readonly touched: Set<string>
}

const CHANGED: TreeOutcome = { kind: 'changed' }

/** One change. Never rejects for what the disk does. */
export async function applyChange(context: ChangeContext, change: TreeChange): Promise<TreeOutcome> {
  try {
    return await perform(context, change)
  } catch (cause) {
    if (!(cause instanceof Errno)) throw cause
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return CHANGED
    return { kind: 'failed', reason: faultOf(cause), message: cause.message }
  }
}

function perform(context: ChangeContext, change: TreeChange): Promise<TreeOutcome> {
  switch (change.kind) {
    case 'place':
      return place(context, change)
    case 'symlink':
      return putSymlink(context, change)
    case 'make-directory':
      return makeDirectory(context, change.path)
    case 'rename':
      return rename(context, change)
    case 'touch':
      return touch(context, change)
    case 'remove':
      return remove(context, change)
    case 'remove-directory':
      return removeDirectory(context, change.path)
    default:
      return unreachable(change)
  }
}

async function place(context: ChangeContext, change: TreeChange & { kind: 'place' }): Promise<TreeOutcome> {
  const { source, mtimeMs, executable } = change
  if (change.expect === null) await makeParents(context, change.path)
  if (!(await isAsExpected(context, change.path, change.expect))) return CHANGED
  await step(context, 'set-attributes', source, (volume) => {
    setAttributes(volume, source, { mtimeMs, executable })
  })
  await step(context, 'fsync', source, (volume) => volume.syncFile(volume.get(source)))
  const outcome = await replace(context, change, (volume, path) => volume.link(source, path))
  if (outcome.kind !== 'done' || outcome.fingerprint === null) return outcome
  const placed = outcome.fingerprint
  return stepAt(context, 'unlink', change.path, (volume, at) => {
    volume.unlink(source)
    const inode = volume.find(at)
    if (inode === undefined || !isSameBytes(inode, placed)) return CHANGED
    return { kind: 'done', fingerprint: fingerprintOf(inode) }
  })
}

async function putSymlink(context: ChangeContext, change: TreeChange & { kind: 'symlink' }): Promise<TreeOutcome> {
  if (change.expect === null) await makeParents(context, change.path)
  return replace(context, change, (volume, path) => {
    volume.setTimes(path, volume.create(path, 'symlink', change.target), change.mtimeMs)
  })
}

/** Moves what is expected at a path to the versions, then puts the new thing there; puts the old one back when it cannot. */
async function replace(
  context: ChangeContext,
  change: { path: RelPath; expect: Fingerprint | null; keepAs: VersionName | null },
  put: (volume: Volume, path: string) => void,
): Promise<TreeOutcome> {
  const { path, expect, keepAs } = change
  if (!(await isAsExpected(context, path, expect))) return CHANGED
  const isKept = expect !== null && keepAs !== null
  if (isKept && !(await keep(context, path, expect, keepAs))) return CHANGED
  let fingerprint: Fingerprint
  try {
    fingerprint = await stepAt(context, 'link', path, (volume, at) => {
      put(volume, at)
      return fingerprintOf(volume.get(at))
    })
  } catch (cause) {
    if (isKept) await putBack(context, path, keepAs)
    if (hasErrno(cause, 'EEXIST')) return CHANGED
    throw cause
  }
  return { kind: 'done', fingerprint }
}

async function remove(context: ChangeContext, change: TreeChange & { kind: 'remove' }): Promise<TreeOutcome> {
  const { path, expect, keepAs } = change
  if (!(await isAsExpected(context, path, expect))) return CHANGED
  if (!(await keep(context, path, expect, keepAs))) return CHANGED
  return { kind: 'done', fingerprint: null }
}

/** Moves what is at a path to the versions; false, and all as it was, when it was edited at the last moment. */
async function keep(context: ChangeContext, path: RelPath, expect: Fingerprint, name: VersionName): Promise<boolean> {
  const kept = versionPath(context.root, name)
  context.touched.add(kept)
  await stepAt(context, 'rename', path, (volume, at) => {
    if (volume.find(kept) !== undefined) throw new Errno('EEXIST', kept)
    volume.rename(at, kept)
  })
  try {
    const isSame = await step(context, 'stat', kept, (volume) => isSameBytes(volume.get(kept), expect))
    if (!isSame) await putBack(context, path, name)
    return isSame
  } catch (cause) {
    await putBack(context, path, name)
    throw cause
  }
}

/** Where something new has taken the path meanwhile, the old thing stays in the versions. */
async function putBack(context: ChangeContext, path: RelPath, name: VersionName): Promise<void> {
  const kept = versionPath(context.root, name)
  await stepAt(context, 'rename', path, (volume, at) => {
    const isFree = volume.find(at) === undefined && volume.find(parentOf(at))?.kind === 'directory'
    if (isFree) volume.rename(kept, at)
  })
}

/** The directories above a path that are not there. */
async function makeParents(context: ChangeContext, path: RelPath): Promise<void> {
  const missing: RelPath[] = []
  for (const directory of ancestorsOf(path)) {
    if (await stepAt(context, 'stat', directory, (volume, at) => volume.find(at) !== undefined)) break
    missing.unshift(directory)
  }
  for (const directory of missing) {
    await stepAt(context, 'mkdir', directory, (volume, at) => {
      if (volume.find(at) === undefined) volume.create(at, 'directory')
    })
  }
}

function parentOf(at: string): string {
  return at.slice(0, at.lastIndexOf('/'))
}

async function makeDirectory(context: ChangeContext, path: RelPath): Promise<TreeOutcome> {
  await makeParents(context, path)
  return stepAt(context, 'mkdir', path, (volume, at) => {
    const inode = volume.find(at) ?? volume.create(at, 'directory')
    return inode.kind === 'directory' ? { kind: 'done', fingerprint: fingerprintOf(inode) } : CHANGED
  })
}

async function removeDirectory(context: ChangeContext, path: RelPath): Promise<TreeOutcome> {
  try {
    await stepAt(context, 'rmdir', path, (volume, at) => volume.removeDirectory(at))
  } catch (cause) {
    if (hasErrno(cause, 'ENOTEMPTY')) return { kind: 'not-empty' }
    if (!hasErrno(cause, 'ENOENT')) throw cause
  }
  return { kind: 'done', fingerprint: null }
}

async function rename(context: ChangeContext, change: TreeChange & { kind: 'rename' }): Promise<TreeOutcome> {
  const { from, path, expect, mtimeMs, executable } = change
  if (!(await isAsExpected(context, from, expect))) return CHANGED
  await makeParents(context, path)
  const source = await stepAt(context, 'stat', from, (_, at) => at)
  const moved = await stepAt(context, 'link', path, (volume, at) => {
    const inode = volume.get(source)
    if (volume.find(at) === inode && inode.links === 1) volume.rename(source, at)
    else if (volume.find(at) !== undefined) return undefined
    else volume.link(source, at)
    return inode
  })
  if (moved === undefined) return CHANGED
  const isSame = await stepAt(context, 'unlink', path, (volume, at) => {
    if (isSameBytes(moved, expect) && volume.find(source) === moved) {
      if (moved.links > 1) volume.unlink(source)
      return true
    }
    if (volume.find(at) === moved) volume.unlink(at)
    return false
  })
  if (!isSame) return CHANGED
  return stepAt(context, 'set-attributes', path, (volume, at) => {
    if (volume.find(at) !== moved || !isSameBytes(moved, expect)) return CHANGED
    setAttributes(volume, at, { mtimeMs, executable })
    return { kind: 'done', fingerprint: fingerprintOf(moved) }
  })
}

async function touch(context: ChangeContext, change: TreeChange & { kind: 'touch' }): Promise<TreeOutcome> {
  const { path, expect, mtimeMs, executable } = change
  return stepAt(context, 'set-attributes', path, (volume, at) => {
    const inode = volume.find(at)
    if (inode === undefined || fingerprintOf(inode) !== expect) return CHANGED
    setAttributes(volume, at, { mtimeMs, executable })
    return { kind: 'done', fingerprint: fingerprintOf(inode) }
  })
}

function isAsExpected(context: ChangeContext, path: RelPath, expect: Fingerprint | null): Promise<boolean> {
  return stepAt(context, 'stat', path, (volume, at) => {
    const inode = volume.find(at)
    if (inode === undefined || expect === null) return inode === undefined && expect === null
    return inode.kind !== 'directory' && fingerprintOf(inode) === expect
  })
}

function setAttributes(volume: Volume, path: string, o: { mtimeMs: number; executable: boolean }): void {
  const inode = volume.get(path)
  if (inode.isExecutable !== o.executable) volume.setExecutable(path, inode, o.executable)
  volume.setTimes(path, inode, o.mtimeMs)
}

function step<T>(context: ChangeContext, name: string, path: string, body: (volume: Volume) => T): Promise<T> {
  return context.root.calls.call(name, path, body)
}

/** A step at a path of the folder, which is found on the disk at that moment and synced with the batch. */
function stepAt<T>(
  context: ChangeContext,
  name: string,
  path: RelPath,
  body: (volume: Volume, at: string) => T,
): Promise<T> {
  return step(context, name, `${context.root.path}/${path}`, (volume) => {
    const at = placeOf(volume, context.root.path, path)
    context.touched.add(at)
    return body(volume, at)
  })
}

function faultOf(errno: Errno): ApplyFault {
  switch (errno.code) {
    case 'ENOSPC':
      return 'no-space'
    case 'EROFS':
      return 'read-only'
    case 'EACCES':
      return 'denied'
    case 'ENAMETOOLONG':
    case 'EINVAL':
      return 'name-impossible'
    default:
      return 'io'
  }
}
