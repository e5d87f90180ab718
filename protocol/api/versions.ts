/** Kept versions: what was replaced or deleted, how it comes back, and steps that are taken back as a whole. */

import { z } from 'zod'
import { PATH_BYTES_MAX } from '../limits.ts'
import { zAbsolutePath, zBlobHash, zCount, zDeviceId, zFlag, zFolderId, zPageLimit, zRef, zTimeMs } from './fields.ts'

/** Where a person may name a path that is not there any more. */
const zPathOnDisk = zAbsolutePath.describe('An absolute path on the device of the daemon; nothing has to be there')
const zStepId = z.string().min(1).max(128).describe('What was done in one go; `undo` takes it back')

export const zVersion = z
  .object({
    folder: zFolderId,
    folderName: z.string(),
    /** Below the root. */
    path: z.string(),
    kind: z.enum(['file', 'directory']),
    /** The device that keeps it. */
    device: zDeviceId,
    deviceName: z.string(),
    /** When it was replaced or deleted there. */
    keptMs: zTimeMs,
    sizeBytes: zCount,
    hash: zBlobHash.nullable(),
    /** A sentence: what took it away. */
    reason: z.string(),
    /** Null where nobody noted what took it away. */
    step: zStepId.nullable(),
    by: zDeviceId.nullable(),
    isDeleted: z.boolean().nullable().describe('Whether nothing took its place; null where nobody noted that'),
  })
  .meta({ id: 'Version' })
export type Version = z.infer<typeof zVersion>

export const zVersionsQuery = z.strictObject({
  path: zPathOnDisk,
  /** Of all below it, too. */
  recursive: zFlag,
  /** The `next` of the page before. */
  after: z
    .string()
    .max(PATH_BYTES_MAX * 2)
    .optional(),
  limit: zPageLimit,
})
export type VersionsQuery = z.infer<typeof zVersionsQuery>

/** A device that could not be asked, or would not do it. */
export const zUnheard = z.object({ device: zDeviceId, name: z.string(), reason: z.string().describe('A sentence') })
export type Unheard = z.infer<typeof zUnheard>

/** Newest first. */
export const zVersionPage = z
  .object({
    versions: z.array(zVersion),
    next: z.string().nullable().describe('Null on the last page'),
    unheard: z.array(zUnheard).describe('Devices that hold the folder and did not say what they keep'),
    damagedLines: zCount.describe(
      'Lines of the log that cannot be read; the files that they told of are listed without it',
    ),
  })
  .meta({ id: 'VersionPage' })
export type VersionPage = z.infer<typeof zVersionPage>

export const zLeft = z.object({
  path: z.string(),
  kind: z.enum(['changed', 'failed']),
  reason: z.string().describe('A sentence'),
})

const counts = {
  /** Where nothing was. */
  back: zCount,
  /** Where something was, which is kept now. */
  replaced: zCount,
  /** That were there already. */
  already: zCount,
  bytes: zCount,
  left: z.array(zLeft).describe('Paths that were left as they are: somebody changed them since, or the disk refused'),
  leftCount: zCount,
}

export const zRestore = z
  .strictObject({
    path: zPathOnDisk,
    /** What was current then; left out: the newest that is kept. */
    atMs: zTimeMs.min(0).optional(),
    /** Somewhere else, inside or outside of any folder. */
    to: zAbsolutePath.optional(),
    /** Replace what is at `to`. */
    overwrite: z.boolean().default(false),
  })
  .meta({ id: 'Restore' })
export type Restore = z.infer<typeof zRestore>

export const zRestored = z
  .object({
    folder: zFolderId,
    folderName: z.string(),
    /** Below the root; empty is all of it. */
    path: z.string(),
    /** Where it is now. */
    to: zAbsolutePath,
    /** The device that kept it, and brought it back. */
    device: zDeviceId,
    deviceName: z.string(),
    ...counts,
  })
  .meta({ id: 'Restored' })
export type Restored = z.infer<typeof zRestored>

export const zUndoStep = z
  .object({
    id: zStepId,
    folder: zFolderId,
    folderName: z.string(),
    /** Whose change it was; null where nobody noted it. */
    by: zDeviceId.nullable(),
    byName: z.string().nullable(),
    keptMs: zTimeMs,
    deleted: zCount,
    replaced: zCount,
    isUndo: z.boolean().describe('It took something back itself'),
    devices: z.array(zDeviceId).describe('Who keeps what it took away'),
  })
  .meta({ id: 'UndoStep' })
export type UndoStep = z.infer<typeof zUndoStep>

export const zUndoQuery = z.strictObject({ folder: zRef.optional() })
export type UndoQuery = z.infer<typeof zUndoQuery>

/** Newest first. */
export const zUndoList = z.object({ steps: z.array(zUndoStep), unheard: z.array(zUnheard) }).meta({ id: 'UndoList' })
export type UndoList = z.infer<typeof zUndoList>

export const zUndo = z
  .strictObject({
    folder: zRef.optional(),
    /** Left out: the newest that did not take something back itself. */
    step: zStepId.optional(),
    dryRun: z.boolean().default(false),
  })
  .meta({ id: 'Undo' })
export type Undo = z.infer<typeof zUndo>

export const zUndone = z
  .object({ step: zUndoStep, dryRun: z.boolean(), ...counts, unheard: z.array(zUnheard) })
  .meta({ id: 'Undone' })
export type Undone = z.infer<typeof zUndone>
