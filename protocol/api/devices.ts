/** The devices of the group, as the API shows them. */

import { z } from 'zod'
import { zAbsolutePath, zDeviceId, zFolderId, zFlag, zGroupId, zName, zRef, zTimeMs } from './fields.ts'
import { zDirectionLimits } from './limits.ts'

const zRole = z.enum(['member', 'admin', 'mirror'])

/** Something that no device does that is whole, its clock right and its key its own. */
export const zDeviceWarning = z
  .object({
    /**
     * `forked`: two manifests under one number. `rolled-back`: older manifests, or an older group log, than it had shown.
     * `forked-group`: two words in the group log that do not know of each other. `clock`: its clock is not this device's.
     */
    kind: z.enum(['forked', 'rolled-back', 'forked-group', 'clock']),
    /** Whole sentences: what was seen, and what it means. */
    detail: z.string(),
    /** What a person does about it; null where it goes away by itself. */
    nextStep: z.string().nullable(),
    sinceMs: zTimeMs,
    /** When it was put right; null while it is not. It is told for a week afterwards. */
    endedMs: zTimeMs.nullable(),
    /** The folder whose manifest it is. */
    folder: zFolderId.nullable(),
  })
  .meta({ id: 'DeviceWarning' })
export type DeviceWarning = z.infer<typeof zDeviceWarning>

export const zDevice = z
  .object({
    id: zDeviceId,
    name: z.string(),
    /** As the device says it: `linux`, `darwin`, `win32`; null while unknown. */
    platform: z.string().nullable(),
    role: zRole,
    isSelf: z.boolean(),
    /** Whether a session is open; true for this device. */
    isOnline: z.boolean(),
    /** When a session was last open; null if never since the catalogue was made. */
    lastSeenMs: zTimeMs.nullable(),
    /** Where the open session goes, as a multiaddr. */
    address: z.string().nullable(),
    /** Folders that it holds, as far as its manifests are known. */
    folders: z.array(zFolderId),
    /** Why no session stays open although the device answers; null when nothing is wrong. */
    trouble: z.string().nullable(),
    /** What to keep an eye on, the newest first. */
    warnings: z.array(zDeviceWarning),
    /** What this device sends to it and receives from it at most; null where only the limits of all together hold. */
    limits: zDirectionLimits.nullable(),
  })
  .meta({ id: 'Device' })
export type Device = z.infer<typeof zDevice>

export const zGroup = z.object({ id: zGroupId, name: z.string() }).meta({ id: 'Group' })
export type Group = z.infer<typeof zGroup>

/** A device that was in the group. */
export const zRemovedDevice = z
  .object({
    id: zDeviceId,
    /** What it was last called. */
    name: z.string(),
    /** When, by the clock of whoever removed it. */
    atMs: zTimeMs,
    /** `device`: by another, whose name `byName` is. `self`: it left. `words`: with the recovery words. */
    how: z.enum(['device', 'self', 'words']),
    byName: z.string().nullable(),
    /** It is in other hands. */
    isLost: z.boolean(),
  })
  .meta({ id: 'RemovedDevice' })
export type RemovedDevice = z.infer<typeof zRemovedDevice>

/** This device first, then by name; removed ones the newest first. */
export const zDeviceList = z
  .object({ group: zGroup, devices: z.array(zDevice), removed: z.array(zRemovedDevice) })
  .meta({ id: 'DeviceList' })
export type DeviceList = z.infer<typeof zDeviceList>

export const zDeviceParams = z.strictObject({ device: zRef })
export const zRenameDevice = z.strictObject({ name: zName }).meta({ id: 'RenameDevice' })
export type RenameDevice = z.infer<typeof zRenameDevice>

export const zSetDeviceRole = z.strictObject({ role: z.enum(['admin', 'member']) }).meta({ id: 'SetDeviceRole' })
export type SetDeviceRole = z.infer<typeof zSetDeviceRole>

export const zRemoveDeviceQuery = z.strictObject({
  /** The device is in other hands. */
  lost: zFlag,
})

/** What stays behind after leaving a group: every file. */
export const zLeft = z
  .object({
    group: zGroup.describe('The group that this device is in now: one of its own'),
    kept: z.array(z.object({ name: z.string(), root: zAbsolutePath })).describe('Directories whose files all stay'),
  })
  .meta({ id: 'Left' })
export type Left = z.infer<typeof zLeft>
