/** The paths of a folder with their states, and the conflicts of all folders. */

import { z } from 'zod'
import { PATH_BYTES_MAX } from '../limits.ts'
import { zAbsolutePath, zBlobHash, zCount, zDeviceId, zFolderId, zPageLimit, zRef, zTimeMs } from './fields.ts'

export const zEntryState = z.enum([
  'synced',
  /** The group has it and this device does not, or has an older content. */
  'missing',
  /** The same, and for now nobody can give it or nothing can take it: who is offline, or what is in the way. */
  'waiting',
  /** It is deleted somewhere, and not yet here. */
  'deleted',
  /** Changed, and not yet looked at or told to the others. */
  'pending',
  /** It is as it should be here, and another device that keeps the folder does not have it yet. */
  'behind',
  /** Changed on this device, which only receives. */
  'local',
  /** Changed elsewhere, and this device only sends. */
  'held-back',
  /** Devices have different contents, of which a person is to choose. */
  'undecided',
  /** A conflict copy. */
  'conflict',
  /** The group has it and this device leaves it out. */
  'left-out',
  /** It changes faster than it can be hashed or pulled. */
  'unstable',
  'locked',
  /** The name cannot be synced, or not kept here. */
  'blocked',
  /** The operating system does not let the daemon read or write it. */
  'unreadable',
  /** A device, socket, FIFO or cloud placeholder. */
  'skipped',
  /** Its bytes have changed although nothing wrote to it, or the disk cannot read them. */
  'damaged',
  /** It could not be applied; it is tried again. */
  'failed',
  /** A line of an ignore file leaves it out; others have it. */
  'ignored',
  /** Of the root (`.`): the whole folder stands still, or has only begun. */
  'stopped',
])
export type EntryState = z.infer<typeof zEntryState>

export const zEntry = z
  .object({
    /** Below the root, with `/`. A name on disk that is no path is shown as it can be. */
    path: z.string(),
    kind: z.enum(['file', 'directory', 'symlink', 'other']),
    state: zEntryState,
    /** A sentence for every state but `synced`: why, and what follows. */
    reason: z.string().nullable(),
    sizeBytes: zCount,
    mtimeMs: zTimeMs,
    executable: z.boolean(),
    /** Of a symbolic link. */
    target: z.string().nullable(),
    hash: zBlobHash.nullable(),
    /** Whose edit made this content. */
    modBy: zDeviceId.nullable(),
    /** The devices that hold this content, as far as this one knows. */
    holders: z.array(zDeviceId),
  })
  .meta({ id: 'Entry' })
export type Entry = z.infer<typeof zEntry>

export const zEntriesQuery = z.strictObject({
  /** Only what lies in this directory; the root when left out. */
  directory: z.string().max(PATH_BYTES_MAX).default(''),
  /** With everything below it, too. */
  recursive: z
    .enum(['true', 'false'])
    .default('true')
    .transform((text) => text === 'true'),
  /** `problem` stands for what only a person or another program can put right; `unsynced` for all that is not in sync. */
  state: z.enum([...zEntryState.options, 'problem', 'unsynced', 'all']).default('all'),
  /** The `next` of the page before. */
  after: z
    .string()
    .max(PATH_BYTES_MAX * 2)
    .optional(),
  limit: zPageLimit,
})
export type EntriesQuery = z.infer<typeof zEntriesQuery>

/** Sorted by path. */
export const zEntryPage = z
  .object({
    folder: zFolderId,
    entries: z.array(zEntry),
    next: z.string().nullable().describe('Null on the last page'),
  })
  .meta({ id: 'EntryPage' })
export type EntryPage = z.infer<typeof zEntryPage>

/** One of the contents among which a person chooses. */
export const zConflictVersion = z.object({
  /** `mine`: what this device wrote, or what has the name where it wrote none of them. */
  side: z.enum(['mine', 'theirs']),
  /** Where it lies on this device; null where it is not here. */
  path: z.string().nullable(),
  kind: z.enum(['file', 'symlink']),
  sizeBytes: zCount,
  /** When this content was made. */
  changedMs: zTimeMs,
  modBy: zDeviceId,
  modByName: z.string().nullable(),
})
export type ConflictVersion = z.infer<typeof zConflictVersion>

export const zConflict = z
  .object({
    folder: zFolderId,
    folderName: z.string(),
    /** `copy`: the other content lies beside the file; `undecided`: every device has its own until somebody decides. */
    kind: z.enum(['copy', 'undecided']),
    /** The copy; of an undecided one, the file. */
    path: z.string(),
    /** The file that kept the name; null when it is gone. */
    original: z.string().nullable(),
    sizeBytes: zCount,
    /** When the losing content was made. */
    changedMs: zTimeMs,
    modBy: zDeviceId.nullable(),
    modByName: z.string().nullable(),
    /** Mine first. */
    versions: z.array(zConflictVersion),
  })
  .meta({ id: 'Conflict' })
export type Conflict = z.infer<typeof zConflict>

export const zResolveConflict = z
  .strictObject({
    /** The file, or its conflict copy. */
    path: zAbsolutePath,
    keep: z.enum(['mine', 'theirs', 'both']),
  })
  .meta({ id: 'ResolveConflict' })
export type ResolveConflict = z.infer<typeof zResolveConflict>

export const zResolvedConflict = z
  .object({
    folder: zFolderId,
    folderName: z.string(),
    path: z.string(),
    /** False where it waits for bytes of another device; it comes about when they are here. */
    isDone: z.boolean(),
  })
  .meta({ id: 'ResolvedConflict' })
export type ResolvedConflict = z.infer<typeof zResolvedConflict>

export const zConflictsQuery = z.strictObject({
  /** Only of this folder. */
  folder: zRef.optional(),
  after: z
    .string()
    .max(PATH_BYTES_MAX * 2)
    .optional(),
  limit: zPageLimit,
})
export type ConflictsQuery = z.infer<typeof zConflictsQuery>

/** Sorted by folder and path. */
export const zConflictPage = z
  .object({ conflicts: z.array(zConflict), next: z.string().nullable().describe('Null on the last page') })
  .meta({ id: 'ConflictPage' })
export type ConflictPage = z.infer<typeof zConflictPage>
