/** Putting right what a crash left of a batch: what arrived stays, what is missing comes back from the versions. */

import type { BigIntStats } from 'node:fs'
import { readdir, unlink } from 'node:fs/promises'
import type { FileIdentity, Intent, Recovered } from '../ports.ts'
import { isSameBytes, look } from './change-look.ts'
import { moveToFree } from './change-move.ts'
import type { DiskContext } from './context.ts'
import { hasErrno, toTreeError } from './disk-error.ts'
import { fingerprintOf, identityOf } from './fingerprint.ts'
import { BatchDirectories } from './safe-path.ts'
import type { HeldDirectory } from './safe-path.ts'
import { parentOf } from '../../protocol/path.ts'
import { tidyVersions } from './versions.ts'
import { versionFile } from './versions-log.ts'

/** Idempotent. @throws TreeError: what was put right may not survive a power cut. */
export async function recoverIntents(context: DiskContext, intents: readonly Intent[]): Promise<readonly Recovered[]> {
  if (intents.length === 0) return []
  try {
    await using directories = new BatchDirectories(context)
    await tidyVersions(context)
    const arriving = await findArriving(directories, intents)
    const recovered: Recovered[] = []
    for (const intent of intents) {
      await directories.room()
      recovered.push(await recoverIntent(context, directories, intent, arriving))
    }
    await directories.finish()
    return recovered
  } catch (cause) {
    throw toTreeError(cause, 'the folder could not be put right')
  }
}

async function recoverIntent(
  context: DiskContext,
  directories: BatchDirectories,
  intent: Intent,
  arriving: ReadonlyMap<FileIdentity, string>,
): Promise<Recovered> {
  const { path } = intent
  using directory = openParent(directories, intent)
  if (directory === undefined) return { kind: 'as-before', path }
  const at = directory.child(context.names.nameOnDisk(path))
  const found = look(at)
  if (found === undefined) {
    bringBack(directories, directory, at, intent)
    return { kind: 'as-before', path }
  }
  if (intent.arriving !== null && identityOf(found) === intent.arriving) {
    return await finishArrival(directories, at, intent, arriving)
  }
  return isUntouched(found, intent) ? { kind: 'as-before', path } : { kind: 'other', path }
}

/** Undefined when the directory is gone: then so is the path. */
function openParent(directories: BatchDirectories, { path }: Intent): HeldDirectory | undefined {
  try {
    return directories.open(parentOf(path), { make: false })
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
    throw cause
  }
}

/** Whether what was to be replaced still stands there. */
function isUntouched(found: BigIntStats, { replaced }: Intent): boolean {
  return replaced !== null && isSameBytes(found, replaced.fingerprint)
}

/** The names in the store of the files that were to arrive. */
async function findArriving(
  directories: BatchDirectories,
  intents: readonly Intent[],
): Promise<ReadonlyMap<FileIdentity, string>> {
  const wanted = new Set(intents.flatMap(({ arriving }) => (arriving === null ? [] : [arriving])))
  const names = new Map<FileIdentity, string>()
  using incoming = directories.openHolt('incoming')
  for (const name of await readdir(incoming.child('.'))) {
    const found = look(incoming.child(name))
    if (found !== undefined && wanted.has(identityOf(found))) names.set(identityOf(found), name)
  }
  return names
}

/** The name in the store that a crash left beside the path goes, so that an edit in place cannot spoil a stored blob. */
async function finishArrival(
  directories: BatchDirectories,
  at: string,
  { path, arriving }: Intent,
  names: ReadonlyMap<FileIdentity, string>,
): Promise<Recovered> {
  using incoming = directories.openHolt('incoming')
  const name = arriving === null ? undefined : names.get(arriving)
  if (name !== undefined) {
    await unlink(incoming.child(name)).catch((cause: unknown) => {
      if (!hasErrno(cause, 'ENOENT')) throw cause
    })
    incoming.touch()
  }
  const found = look(at)
  return found === undefined ? { kind: 'other', path } : { kind: 'arrived', path, fingerprint: fingerprintOf(found) }
}

function bringBack(directories: BatchDirectories, directory: HeldDirectory, at: string, { replaced }: Intent): void {
  if (replaced === null) return
  using versions = directories.openHolt('versions')
  const kept = versions.child(versionFile(replaced.keepAs))
  const found = look(kept)
  if (found === undefined) return
  directory.touch()
  versions.touch()
  moveToFree(kept, at, found)
}
