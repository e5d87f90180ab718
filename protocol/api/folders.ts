/** Folders, and what may be asked of them. */

import { z } from 'zod'
import { NAME_BYTES_MAX } from '../limits.ts'
import { OFFER_WAIT_MS_MAX, PATTERNS_MAX, PATTERN_CHARACTERS_MAX } from './constants.ts'
import { zAbsolutePath, zAmount, zCount, zDeviceId, zFlag, zFolderId, zName, zRef, zTimeMs } from './fields.ts'

export const zMode = z.enum(['send-receive', 'send-only', 'receive-only', 'receive-archive'])
export type Mode = z.infer<typeof zMode>

/** Whether symbolic links may lead out of the folder. */
export const zLinks = z.enum(['inside', 'any'])

export const zHaltReason = z.enum([
  /** A pass would delete too much; `approve` or `reject` decides. */
  'mass-delete',
  /** The root is not there; `move` where it was moved. */
  'root-missing',
  /** The root is there and its marker is not: a disk is not mounted, or another directory took its place. */
  'root-unmarked',
  /** A directory inside the root is another volume than before. */
  'mount-changed',
  'root-read-only',
  'no-space',
  /** Another device says what this version does not know. */
  'update-needed',
  /** The disk answers with errors. */
  'disk-error',
])
export type HaltReason = z.infer<typeof zHaltReason>

export const zHalt = z.object({
  reason: zHaltReason,
  /** A sentence: what happened and why. */
  detail: z.string(),
  /** Commands that end it, as a person types them. */
  commands: z.array(z.string()),
  /** Entries that the pass would delete, of how many, and on whose word (null: seen on this disk). Only of `mass-delete`. */
  deletes: z.object({ count: zCount, of: zCount, device: zDeviceId.nullable() }).nullable(),
  sinceMs: zTimeMs,
})
export type Halt = z.infer<typeof zHalt>

/** How a folder stands on this device. */
export const zFolderState = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('offered') }).describe('The group has it, this device does not'),
    z.object({ kind: z.literal('starting') }),
    z.object({ kind: z.literal('scanning'), files: zCount, filesTotal: zCount.nullable() }),
    z
      .object({ kind: z.literal('recovering') })
      .describe('A new catalogue is being filled from this disk and the peers'),
    z.object({ kind: z.literal('in-sync') }),
    z.object({ kind: z.literal('syncing'), missing: zAmount }),
    z
      .object({ kind: z.literal('waiting'), missing: zAmount, reason: z.string() })
      .describe('Something is missing, and nobody who is online can give it'),
    z.object({ kind: z.literal('paused') }),
    z.object({ kind: z.literal('halted'), halt: zHalt }),
  ])
  .meta({ id: 'FolderState' })
export type FolderState = z.infer<typeof zFolderState>

/** What happens to contents that were made without knowing of each other; `prefer:` and the id of a device. */
export const zConflictPolicy = z
  .string()
  .regex(/^(keep-both|newest|manual|prefer:12D3KooW[1-9A-HJ-NP-Za-km-z]{44})$/)
  .describe('keep-both, newest, manual, or prefer:DEVICE')

/** How long this device keeps what was replaced or deleted. Null: no bound of the folder's own. */
export const zRetention = z
  .object({
    days: zCount.nullable(),
    versions: zCount.nullable().describe('Kept of one path'),
    bytes: zCount.nullable().describe('Of all that is kept'),
  })
  .meta({ id: 'Retention' })

export const zPattern = z.string().min(1).max(PATTERN_CHARACTERS_MAX)
/** Which paths this device keeps: patterns as in `.holtignore`. No `include`: all of them. */
export const zSelection = z
  .object({ include: z.array(zPattern).max(PATTERNS_MAX), exclude: z.array(zPattern).max(PATTERNS_MAX) })
  .meta({ id: 'Selection' })

/** How far transfers are: of one folder in one direction. A failed file is taken out of the sums again. */
export const zProgress = z
  .object({
    filesDone: zCount,
    filesTotal: zCount,
    bytesDone: zCount,
    bytesTotal: zCount,
    /** Bytes a second over the last 5 s. */
    rate: z.number().min(0),
    /** Null while the rate is 0, and of uploads once all that others have asked for so far is sent. */
    etaMs: zCount.nullable(),
  })
  .meta({ id: 'Progress' })
export type Progress = z.infer<typeof zProgress>

/** What another device has of a folder. */
export const zFolderPeer = z.object({
  device: zDeviceId,
  isOnline: z.boolean(),
  /** It holds exactly what this device holds, but for what one of the two leaves out. */
  isInSync: z.boolean(),
  /** What it still lacks of what this device holds; null while its manifest is unknown. */
  missing: zAmount.nullable(),
})
export type FolderPeer = z.infer<typeof zFolderPeer>

export const zFolder = z
  .object({
    id: zFolderId,
    name: z.string(),
    /** Null where the folder is only offered. */
    root: zAbsolutePath.nullable(),
    mode: zMode.nullable(),
    /** One for the whole group. */
    conflictPolicy: zConflictPolicy,
    /** Null where the folder is only offered. */
    retention: zRetention.nullable(),
    selection: zSelection.nullable(),
    links: zLinks.nullable(),
    /** Files that the group has and this device leaves out. */
    leftOut: zCount,
    state: zFolderState,
    /** What is held here. */
    held: zAmount,
    /** What the group has, as far as this device knows. */
    total: zAmount,
    down: zProgress.nullable(),
    up: zProgress.nullable(),
    /** Conflict copies that are there, and files of which a person is to choose one content. */
    conflicts: zCount,
    /** Paths that were changed on this device, which only receives; `holt revert` gives them up. */
    localChanges: zCount,
    /** Paths that others changed and this device, which only sends, does not take; `holt override` sets them right. */
    heldBack: zCount,
    /** Paths that cannot be synced for now; `entries?state=problem` lists them. */
    problems: zCount,
    /** The devices that hold it, without this one. */
    peers: z.array(zFolderPeer),
    /** Equal between two send-receive devices means in sync: 64 hex digits. Null where nothing is held. */
    digest: z.string().nullable(),
    /** When this device last was in sync with somebody who was online. */
    lastInSyncMs: zTimeMs.nullable(),
  })
  .meta({ id: 'Folder' })
export type Folder = z.infer<typeof zFolder>

export const zFolderList = z.object({ folders: z.array(zFolder) }).meta({ id: 'FolderList' })
export type FolderList = z.infer<typeof zFolderList>

export const zFolderParams = z.strictObject({ folder: zRef })

const zWaitMs = z.coerce.number<number | string>().int().min(0).max(OFFER_WAIT_MS_MAX).default(0)
/** How long to wait for an offer of that name or id which is still on its way. */
export const zFolderQuery = z.strictObject({ waitMs: zWaitMs })

export const zAddFolder = z
  .strictObject({
    path: zAbsolutePath,
    /** Default: the last component of the path. */
    name: zName.optional(),
    /** What to do where the group already offers a folder of that name. */
    ifOffered: z.enum(['refuse', 'join', 'new']).default('refuse'),
    /** Joining into a directory that is not empty was confirmed. */
    confirm: z.boolean().default(false),
    /** What this device does with it; left out: send-receive, or where it joins as the group says. */
    mode: zMode.optional(),
  })
  .meta({ id: 'AddFolder' })
export type AddFolder = z.infer<typeof zAddFolder>

const zTarget = {
  /** Default: a directory of the folder's name in the person's home. */
  path: zAbsolutePath.optional(),
  waitMs: z.int().min(0).max(OFFER_WAIT_MS_MAX).default(0),
}
export const zPreviewFolder = z
  .strictObject({
    ...zTarget,
    /** What this device would do with it; left out: as the group says. */
    mode: zMode.optional(),
  })
  .meta({ id: 'PreviewFolder' })
export type PreviewFolder = z.infer<typeof zPreviewFolder>

export const zAcceptFolder = z
  .strictObject({
    ...zTarget,
    confirm: z.boolean().default(false).describe('The preview was seen'),
    /** Left out: as the group says. */
    mode: zMode.optional(),
  })
  .meta({ id: 'AcceptFolder' })
export type AcceptFolder = z.infer<typeof zAcceptFolder>

/** What accepting a folder into a directory would do. Nothing was changed. */
export const zPreview = z
  .object({
    folder: zFolderId,
    name: z.string(),
    /** The directory that was named, or the one that is proposed. */
    path: zAbsolutePath,
    exists: z.boolean(),
    isEmpty: z.boolean(),
    /** Equal files are neither transferred nor touched. */
    same: zAmount,
    /** The mode that all this is said of. */
    mode: zMode,
    conflictPolicy: zConflictPolicy,
    /** Would be sent to the others; where this device only receives, it stays here and goes no further. */
    onlyHere: zAmount,
    /** Of those, what the others have deleted: it comes back there; a receive-only device puts it into the versions. */
    deletedThere: zAmount,
    /** Would be fetched; not where this device only sends. */
    onlyThere: zAmount,
    /** A conflict, settled by the policy; a device that only receives puts its own into the versions, one that only sends keeps it. */
    different: zAmount,
    /** One side has more than twice and more than ten files more than the other: perhaps it is another folder. */
    isLopsided: z.boolean(),
    freeBytes: zCount,
    /** Whether `accept` wants `confirm`. */
    needsConfirm: z.boolean(),
    /** False while a holder's manifest has not arrived whole: the counts may grow. */
    isComplete: z.boolean(),
  })
  .meta({ id: 'Preview' })
export type Preview = z.infer<typeof zPreview>

/** What is left out stays as it is. */
export const zChangeFolder = z
  .strictObject({
    mode: zMode.optional(),
    conflictPolicy: z
      .string()
      .min(1)
      .max(NAME_BYTES_MAX)
      .optional()
      .describe('keep-both, newest, manual, or prefer: and the id or name of a device'),
    retention: zRetention.partial().optional(),
    selection: zSelection.partial().optional(),
    links: zLinks.optional(),
    /** What was changed here may be sent from now on. */
    confirm: z.boolean().default(false),
  })
  .meta({ id: 'ChangeFolder' })
export type ChangeFolder = z.infer<typeof zChangeFolder>

export const zMoveFolder = z
  .strictObject({
    path: zAbsolutePath,
    adopt: z.boolean().default(false).describe('It is this directory, although it has lost its marker .holt'),
  })
  .meta({ id: 'MoveFolder' })
export type MoveFolder = z.infer<typeof zMoveFolder>

export const zRemoveFolderQuery = z.strictObject({
  /** Withdraw the offer from the group, too. */
  everywhere: zFlag,
})
export const zRemovedFolder = z
  .object({
    id: zFolderId,
    name: z.string(),
    /** Where the files stay; null where it was not held here. */
    root: zAbsolutePath.nullable(),
    /** Where kept versions are; null when there are none. */
    versions: zAbsolutePath.nullable(),
  })
  .meta({ id: 'RemovedFolder' })
export type RemovedFolder = z.infer<typeof zRemovedFolder>

/** A look through all of a folder. */
export const zScan = z
  .object({
    folder: zFolderId,
    name: z.string(),
    /** That were looked at, ignored ones too. */
    files: zCount,
    /** Paths that are not as they were known. */
    changed: zCount,
    /** Paths that cannot be synced for now. */
    problems: zCount,
    tookMs: zCount,
  })
  .meta({ id: 'Scan' })
export type Scan = z.infer<typeof zScan>
