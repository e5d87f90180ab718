/** The devices of the group, as the API shows them. */

import { z } from 'zod'
import { zAbsolutePath, zDeviceId, zFolderId, zFlag, zGroupId, zName, zRef, zTimeMs } from './fields.ts'

export const zDevice = z
  .object({
    id: zDeviceId,
    name: z.string(),
    /** As the device says it: `linux`, `darwin`, `win32`; null while unknown. */
    platform: z.string().nullable(),
    role: z.enum(['member', 'admin', 'mirror']),
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
  })
  .meta({ id: 'Device' })
export type Device = z.infer<typeof zDevice>

export const zGroup = z.object({ id: zGroupId, name: z.string() }).meta({ id: 'Group' })
export type Group = z.infer<typeof zGroup>

/** This device first, then by name. */
export const zDeviceList = z.object({ group: zGroup, devices: z.array(zDevice) }).meta({ id: 'DeviceList' })
export type DeviceList = z.infer<typeof zDeviceList>

export const zDeviceParams = z.strictObject({ device: zRef })
export const zRenameDevice = z.strictObject({ name: zName }).meta({ id: 'RenameDevice' })
export type RenameDevice = z.infer<typeof zRenameDevice>

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
