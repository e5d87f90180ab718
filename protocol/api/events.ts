/** What happens in the daemon, as a union that is told apart by `kind`. */

import { z } from 'zod'
import { zDeviceWarning } from './devices.ts'
import { zBlobHash, zCount, zDeviceId, zFolderId, zPageLimit, zTimeMs } from './fields.ts'
import { zFolderState, zHalt, zProgress } from './folders.ts'
import { zPairing } from './pairing.ts'

/** Opaque: which run of the daemon, and which event of it. */
export const zEventId = z.string().regex(/^[0-9a-z]{1,16}-\d{1,16}$/)

const event = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) =>
  z.object({ id: zEventId, atMs: zTimeMs, kind: z.literal(kind), ...shape })

const inFolder = { folder: zFolderId }
const ofPath = { folder: zFolderId, path: z.string() }
const ofDevice = { device: zDeviceId, name: z.string() }
const direction = { direction: z.enum(['up', 'down']) }
/** Sums of the folder in that direction go with every step, so that a listener needs no memory. */
const transfer = { ...inFolder, ...direction, total: zProgress }
const file = {
  ...transfer,
  path: z.string(),
  hash: zBlobHash,
  /** The other side; null where several give it at once. */
  device: zDeviceId.nullable(),
  bytesDone: zCount,
  bytesTotal: zCount,
}

/** What one run of a sync did. Source is this device, destination the others. */
export const zSyncResult = z
  .object({
    uploads: zCount,
    downloads: zCount,
    deletesSource: zCount,
    deletesDestination: zCount,
    renamesSource: zCount,
    renamesDestination: zCount,
    skips: zCount,
    conflicts: zCount,
    errors: zCount,
    bytesSent: zCount,
    bytesReceived: zCount,
  })
  .meta({ id: 'SyncResult' })
export type SyncResult = z.infer<typeof zSyncResult>

const scanCounts = { files: zCount, bytes: zCount, rate: z.number().min(0), etaMs: zCount.nullable() }

const scanEvents = [
  event('scan.start', { ...inFolder, isFull: z.boolean() }),
  event('scan.progress', { ...inFolder, ...scanCounts, filesTotal: zCount.nullable(), bytesTotal: zCount.nullable() }),
  event('scan.done', { ...inFolder, ...scanCounts, changed: zCount, problems: zCount, tookMs: zCount }),
] as const

const transferEvents = [
  event('transfer.batch-start', transfer),
  event('transfer.file-start', file),
  event('transfer.file-progress', { ...file, rate: z.number().min(0), etaMs: zCount.nullable() }),
  event('transfer.file-done', file),
  event('transfer.file-error', { ...file, reason: z.string(), isRetried: z.boolean() }),
  event('transfer.batch-done', { ...transfer, failed: zCount }),
] as const

const syncEvents = [
  event('sync.start', inFolder),
  event('sync.done', { ...inFolder, isInSync: z.boolean(), result: zSyncResult, tookMs: zCount }),
  event('path.changed', {
    ...ofPath,
    action: z.enum(['created', 'updated', 'deleted', 'renamed', 'touched', 'conflict-copy', 'kept-version']),
    /** The old path of a rename, the contested path of a conflict copy. */
    from: z.string().nullable(),
    /** Whether it was seen on this disk, or applied to it. */
    origin: z.enum(['here', 'remote']),
    /** Whose edit it is. */
    device: zDeviceId.nullable(),
    reason: z.object({ code: z.string(), sentence: z.string() }),
  }).describe('A verdict that was carried out, with its reason'),
  event('path.problem', { ...ofPath, state: z.string(), reason: z.string() }),
  event('path.problem-gone', ofPath),
] as const

const folderEvents = [
  event('folder.offered', { ...inFolder, name: z.string(), by: zDeviceId.nullable() }),
  event('folder.withdrawn', { ...inFolder, name: z.string() }),
  event('folder.added', { ...inFolder, name: z.string(), root: z.string() }),
  event('folder.moved', { ...inFolder, name: z.string(), root: z.string() }),
  event('folder.removed', { ...inFolder, name: z.string() }),
  event('folder.state', { ...inFolder, name: z.string(), state: zFolderState }),
  event('folder.halted', { ...inFolder, name: z.string(), halt: zHalt }),
  event('folder.decided', { ...inFolder, name: z.string(), isApproved: z.boolean(), by: zDeviceId }),
] as const

const deviceEvents = [
  event('device.online', { ...ofDevice, address: z.string().nullable() }),
  event('device.offline', ofDevice),
  event('device.added', { ...ofDevice, by: zDeviceId.nullable() }),
  event('device.renamed', ofDevice),
  event('device.removed', { ...ofDevice, by: zDeviceId.nullable(), isLost: z.boolean() }),
  event('device.trouble', { ...ofDevice, detail: z.string() }),
  event('device.role', { ...ofDevice, role: z.string() }),
  event('device.warning', { ...ofDevice, warning: zDeviceWarning }).describe('New, or put right'),
  event('group.changed', { group: z.string(), name: z.string(), devices: zCount }),
] as const

const daemonEvents = [
  event('pairing.changed', { pairing: zPairing.omit({ code: true }) }).describe('Without the code, which is a secret'),
  event('daemon.started', { version: z.string(), wasClean: z.boolean() }),
  event('daemon.resumed', { sleptMs: zCount }).describe('The machine was asleep'),
  event('daemon.stopping', {}),
  event('events.lost', {}).describe('Events between the id that was asked for and the next one are no longer kept'),
] as const

export const zEvent = z
  .discriminatedUnion('kind', [
    ...scanEvents,
    ...transferEvents,
    ...syncEvents,
    ...folderEvents,
    ...deviceEvents,
    ...daemonEvents,
  ])
  .meta({ id: 'Event' })
export type Event = z.infer<typeof zEvent>
export type EventKind = Event['kind']

/** An event before the log has given it an id and a time. */
export type NewEvent = Event extends infer E ? (E extends Event ? Omit<E, 'id' | 'atMs'> : never) : never

export const zEventsQuery = z.strictObject({
  /** The id of the last event that is known; from the oldest that is kept when left out. */
  after: zEventId.optional(),
  limit: zPageLimit,
})

/** Oldest first. */
export const zEventPage = z
  .object({
    events: z.array(zEvent),
    /** What to ask `after` next. */
    next: zEventId,
    /** Events after the id that was asked for are no longer kept: read the status again. */
    hasLost: z.boolean(),
  })
  .meta({ id: 'EventPage' })
export type EventPage = z.infer<typeof zEventPage>

export const zEventStreamQuery = z.strictObject({
  /** Like the header `Last-Event-ID`, for those who cannot set it. Only new events when both are left out. */
  after: zEventId.optional(),
})
