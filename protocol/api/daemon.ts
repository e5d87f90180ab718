/** The daemon itself: what runs, how it is configured, how it fares. */

import { z } from 'zod'
import { zDevice, zGroup } from './devices.ts'
import { zAbsolutePath, zCount, zDeviceId, zFolderId, zPageLimit, zRef, zTimeMs } from './fields.ts'
import { zLimits } from './limits.ts'
import { zFolder } from './folders.ts'
import { zPairing } from './pairing.ts'

export const zApi = z
  .object({
    /** `http://127.0.0.1:PORT`; null where only the socket listens. */
    url: z.string().nullable(),
    socketPath: z.string(),
    /** For `Authorization: Bearer`. Whoever has it can do everything that the person can. */
    token: z.string(),
    openApiPath: z.string(),
  })
  .meta({ id: 'Api' })
export type Api = z.infer<typeof zApi>

export const zDaemon = z
  .object({
    version: z.string(),
    device: zDeviceId,
    name: z.string(),
    platform: z.string(),
    pid: zCount,
    home: zAbsolutePath,
    startedMs: zTimeMs,
    state: z.enum(['starting', 'running', 'stopping']),
    /** Where other devices reach this one: multiaddrs. */
    addresses: z.array(z.string()),
    /** `127.0.0.1:PORT` of the HTTP API; null where only the socket listens. */
    apiAddress: z.string().nullable(),
  })
  .meta({ id: 'Daemon' })
export type Daemon = z.infer<typeof zDaemon>

export const zStopping = z.object({ pid: zCount }).meta({ id: 'Stopping' })
export type Stopping = z.infer<typeof zStopping>

/** Something that a person should look at. */
export const zAttention = z
  .object({
    kind: z.enum(['halt', 'conflict', 'problem', 'space', 'peer', 'crash', 'clock', 'update']),
    /** A sentence: what happened and why. */
    detail: z.string(),
    /** The exact command that helps, if one does. */
    command: z.string().nullable(),
    folder: zFolderId.nullable(),
  })
  .meta({ id: 'Attention' })
export type Attention = z.infer<typeof zAttention>

/** One file on its way. */
export const zTransfer = z
  .object({
    folder: zFolderId,
    path: z.string(),
    direction: z.enum(['up', 'down']),
    /** The other side; null where several give it at once. */
    device: zDeviceId.nullable(),
    bytesDone: zCount,
    bytesTotal: zCount,
    /** Bytes a second over the last 5 s. */
    rate: z.number().min(0),
    etaMs: zCount.nullable(),
  })
  .meta({ id: 'Transfer' })
export type Transfer = z.infer<typeof zTransfer>

export const zStatus = z
  .object({
    daemon: zDaemon,
    group: zGroup,
    devices: z.array(zDevice),
    folders: z.array(zFolder),
    /** The largest first, at most 20. */
    transfers: z.array(zTransfer),
    attention: z.array(zAttention),
    /** How fast bytes of files may go out and come in. */
    limits: zLimits,
    /** The pairing that is under way. */
    pairing: zPairing.nullable(),
    /** The id of the newest event: following from here misses nothing. */
    eventId: z.string(),
  })
  .meta({ id: 'Status' })
export type Status = z.infer<typeof zStatus>

export const zSetting = z.object({
  key: z.string(),
  value: z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()]),
  source: z.enum(['default', 'file', 'environment']),
  description: z.string(),
})
export const zConfig = z
  .object({ file: zAbsolutePath.describe('Where the config file is, or would be'), settings: z.array(zSetting) })
  .meta({ id: 'Config' })
export type Config = z.infer<typeof zConfig>

export const zCheck = z
  .object({
    /** Stable, such as `multicast.eth0`. */
    id: z.string(),
    title: z.string(),
    outcome: z.enum(['ok', 'warning', 'failed', 'skipped']),
    /** What was found. */
    detail: z.string(),
    /** What to do; null where nothing needs to be done. */
    fix: z.string().nullable(),
  })
  .meta({ id: 'Check' })
export type Check = z.infer<typeof zCheck>

export const zDoctorQuery = z.strictObject({
  /** Check the ports with this device, both ways, too; all online ones when left out. */
  device: zRef.optional(),
})
export const zDoctor = z.object({ checks: z.array(zCheck) }).meta({ id: 'Doctor' })
export type Doctor = z.infer<typeof zDoctor>

export const zLogRecord = z
  .object({
    atMs: zTimeMs,
    /** Such as `folder.halted`. */
    name: z.string(),
    fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({ id: 'LogRecord' })
export type LogRecord = z.infer<typeof zLogRecord>

/** The newest that many. */
export const zLogsQuery = z.strictObject({ limit: zPageLimit })
/** Oldest first. */
export const zLogPage = z
  .object({ directory: zAbsolutePath.describe('Where the log files are'), records: z.array(zLogRecord) })
  .meta({ id: 'LogPage' })
export type LogPage = z.infer<typeof zLogPage>

/** One file of a support bundle. */
export const zBundlePart = z.object({ name: z.string(), text: z.string() }).meta({ id: 'BundlePart' })
export type BundlePart = z.infer<typeof zBundlePart>
