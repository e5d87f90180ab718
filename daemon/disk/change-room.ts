/** What the changes of one batch share. */

import { closeSync } from 'node:fs'
import type { RelPath } from '../../protocol/path.ts'
import { parentOf } from '../../protocol/path.ts'
import type { BatchLabel, RootTraits, TreeChange, TreeOutcome, VersionRecord } from '../ports.ts'
import { versionsLogFile } from './context.ts'
import { sizeIn } from './change-look.ts'
import type { DiskNames } from './names.ts'
import { BatchDirectories } from './safe-path.ts'
import type { HeldDirectory } from './safe-path.ts'
import { appendRecords } from './versions-log.ts'
import type { AppendedLog } from './versions-log.ts'

export const CHANGED: TreeOutcome = { kind: 'changed' }

/** The folder, as a thread knows it. */
export interface ChangedRoot {
  readonly root: string
  readonly names: DiskNames
  readonly traits: RootTraits
}

/** An open file that has yet to be synced and closed. */
export interface Unsynced {
  readonly fd: number
  /** Why it could not be synced. */
  fault: Error | undefined
}

/** Disposing it closes all that it opened, synced or not. */
export interface ChangeRoom extends AsyncDisposable {
  readonly context: ChangedRoot
  readonly directories: BatchDirectories
  /** What has been changed of this file is durable with the batch. */
  syncLater(fd: number): void
  takeUnsynced(): readonly Unsynced[]
  /** Makes durable what the batch did. @throws system errors */
  finish(): Promise<void>
}

/**
 * Opens the room of a batch and logs all that it is about to keep: a file in the versions has a line from the moment it is there.
 * @throws system errors where the log cannot be written.
 */
export function openChangeRoom(context: ChangedRoot, records: readonly VersionRecord[]): ChangeRoom {
  const directories = new BatchDirectories(context)
  const log = appendTo(context, directories, records)
  const unsynced: Unsynced[] = []
  return {
    context,
    directories,
    syncLater: (fd) => void unsynced.push({ fd, fault: undefined }),
    takeUnsynced: () => unsynced.splice(0),
    finish: async () => {
      await Promise.all([log?.sync(), directories.finish()])
    },
    [Symbol.asyncDispose]: async () => {
      for (const { fd } of unsynced.splice(0)) closeSync(fd)
      log?.[Symbol.dispose]()
      await directories[Symbol.asyncDispose]()
    },
  }
}

function appendTo(
  context: ChangedRoot,
  directories: BatchDirectories,
  records: readonly VersionRecord[],
): AppendedLog | undefined {
  if (records.length === 0) return undefined
  using versions = directories.openHolt('versions')
  versions.touch()
  return appendRecords(versionsLogFile(context.root), records)
}

/** A line for all that a batch is about to keep. */
export function toRecords(keptMs: number, batch: readonly TreeChange[], label: BatchLabel): VersionRecord[] {
  return batch.flatMap((change) => {
    const kept = keptBy(change)
    if (kept === undefined) return []
    const { path } = change
    const [reason, hash, taken] = [label.reasonOf(path), label.hashOf(path), label.changeOf?.(path) ?? null]
    return [{ path, keptMs, reason, batch: label.batch, taken, ...kept, hash: kept.isDirectory ? null : hash }]
  })
}

function keptBy(change: TreeChange): Pick<VersionRecord, 'name' | 'sizeBytes' | 'isDirectory'> | undefined {
  if (change.kind === 'remove-directory') {
    return change.noteAs === undefined ? undefined : { name: change.noteAs, sizeBytes: 0, isDirectory: true }
  }
  if (!('keepAs' in change) || change.keepAs === null || change.expect === null) return undefined
  return { name: change.keepAs, sizeBytes: sizeIn(change.expect), isDirectory: false }
}

/** The directory of a path, and how the path is reached through it. */
export interface HeldPlace extends Disposable {
  readonly directory: HeldDirectory
  readonly at: string
}

/** @param make makes the directories that are missing. @throws system errors */
export function holdPlace({ context, directories }: ChangeRoom, path: RelPath, make: boolean): HeldPlace {
  const directory = directories.open(parentOf(path), { make })
  const at = directory.child(context.names.nameOnDisk(path))
  return { directory, at, [Symbol.dispose]: () => directory[Symbol.dispose]() }
}
