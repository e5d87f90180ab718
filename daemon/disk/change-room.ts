/** What the changes of one batch share. */

import type { RelPath } from '../../protocol/path.ts'
import { parentOf } from '../../protocol/path.ts'
import type { BatchLabel, TreeChange, TreeOutcome, VersionRecord } from '../ports.ts'
import type { DiskContext } from './context.ts'
import { versionsLogFile } from './context.ts'
import { sizeIn } from './change-look.ts'
import { BatchDirectories } from './safe-path.ts'
import type { HeldDirectory } from './safe-path.ts'
import { appendRecords } from './versions-log.ts'
import type { AppendedLog } from './versions-log.ts'

export const CHANGED: TreeOutcome = { kind: 'changed' }

/** Disposing it closes all that it opened, synced or not. */
export interface ChangeRoom extends AsyncDisposable {
  readonly context: DiskContext
  readonly directories: BatchDirectories
  /** Makes durable what the batch did. @throws system errors */
  finish(): Promise<void>
}

/**
 * Opens the room of a batch and logs all that it is about to keep: a file in the versions has a line from the moment it is there.
 * @throws system errors where the log cannot be written.
 */
export function openChangeRoom(context: DiskContext, batch: readonly TreeChange[], label: BatchLabel): ChangeRoom {
  const directories = new BatchDirectories(context)
  const log = appendTo(context, directories, toRecords(context, batch, label))
  return {
    context,
    directories,
    finish: async () => {
      await Promise.all([log?.sync(), directories.finish()])
    },
    [Symbol.asyncDispose]: async () => {
      log?.[Symbol.dispose]()
      await directories[Symbol.asyncDispose]()
    },
  }
}

function appendTo(
  context: DiskContext,
  directories: BatchDirectories,
  records: readonly VersionRecord[],
): AppendedLog | undefined {
  if (records.length === 0) return undefined
  using versions = directories.openHolt('versions')
  versions.touch()
  return appendRecords(versionsLogFile(context.root), records)
}

function toRecords({ clock }: DiskContext, batch: readonly TreeChange[], label: BatchLabel): VersionRecord[] {
  const keptMs = clock.wallMs()
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
