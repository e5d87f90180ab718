/**
 * What every operation takes and gives. The daemon validates with these schemas and writes its OpenAPI document from
 * them; clients import the types only.
 */

import { z } from 'zod'
import * as daemon from './daemon.ts'
import * as devices from './devices.ts'
import * as entries from './entries.ts'
import * as events from './events.ts'
import * as folders from './folders.ts'
import * as limits from './limits.ts'
import * as pairing from './pairing.ts'
import * as verify from './verify.ts'
import * as versions from './versions.ts'
import * as recovery from './recovery.ts'
import * as pairs from './pairs.ts'
import * as why from './why.ts'
import type { OperationId } from './routes.ts'

export interface Operation {
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  /** Undefined where a request has no body. */
  readonly body: z.ZodObject | z.ZodUndefined
  /** The answer; one item of it where the answer is a stream. */
  readonly response: z.ZodType
  /** The HTTP status of success. */
  readonly status: number
}

const NOTHING = z.strictObject({})
const NO_BODY = z.undefined()
const DEFAULTS = { params: NOTHING, query: NOTHING, body: NO_BODY, status: 200 } as const

type Filled<T> = Omit<typeof DEFAULTS, keyof T> & T
/** An operation whose left out parts are empty. The compiler takes a spread of a generic for an intersection, which it is not. */
const op = <const T extends Partial<Operation> & Pick<Operation, 'response'>>(given: T) =>
  ({ ...DEFAULTS, ...given }) as Filled<T>

const onFolder = op({ params: folders.zFolderParams, response: folders.zFolder })

export const OPERATIONS = {
  getApi: op({ response: daemon.zApi }),
  getDaemon: op({ response: daemon.zDaemon }),
  shutDown: op({ response: daemon.zStopping, status: 202 }),
  getStatus: op({ response: daemon.zStatus }),
  getConfig: op({ response: daemon.zConfig }),
  runDoctor: op({ query: daemon.zDoctorQuery, response: daemon.zDoctor }),
  listLogs: op({ query: daemon.zLogsQuery, response: daemon.zLogPage }),
  followLogs: op({ query: daemon.zLogsQuery, response: daemon.zLogRecord }),
  getSupportBundle: op({ response: daemon.zBundlePart }),

  getLimits: op({ response: limits.zLimits }),
  changeLimits: op({ body: limits.zChangeLimits, response: limits.zLimits }),

  listDevices: op({ response: devices.zDeviceList }),
  getDevice: op({ params: devices.zDeviceParams, response: devices.zDevice }),
  renameDevice: op({ params: devices.zDeviceParams, body: devices.zRenameDevice, response: devices.zDevice }),
  removeDevice: op({ params: devices.zDeviceParams, query: devices.zRemoveDeviceQuery, response: devices.zDevice }),
  setDeviceRole: op({ params: devices.zDeviceParams, body: devices.zSetDeviceRole, response: devices.zDevice }),
  removeDeviceWithWords: op({
    params: devices.zDeviceParams,
    body: recovery.zRemoveWithWords,
    response: recovery.zRemovedWithWords,
  }),
  leaveGroup: op({ response: devices.zLeft }),

  getRecovery: op({ response: recovery.zRecovery }),
  showRecovery: op({ response: recovery.zRecoveryWords }),
  forgetRecovery: op({ response: recovery.zRecovery }),
  useRecovery: op({ body: recovery.zUseRecovery, response: recovery.zRecovered }),

  listFolders: op({ response: folders.zFolderList }),
  getFolder: op({ params: folders.zFolderParams, query: folders.zFolderQuery, response: folders.zFolder }),
  addFolder: op({ body: folders.zAddFolder, response: folders.zFolder, status: 201 }),
  previewFolder: op({ params: folders.zFolderParams, body: folders.zPreviewFolder, response: folders.zPreview }),
  acceptFolder: op({ params: folders.zFolderParams, body: folders.zAcceptFolder, response: folders.zFolder }),
  changeFolder: op({ params: folders.zFolderParams, body: folders.zChangeFolder, response: folders.zFolder }),
  pauseFolder: onFolder,
  resumeFolder: onFolder,
  scanFolder: op({ params: folders.zFolderParams, response: folders.zScan }),
  moveFolder: op({ params: folders.zFolderParams, body: folders.zMoveFolder, response: folders.zFolder }),
  removeFolder: op({
    params: folders.zFolderParams,
    query: folders.zRemoveFolderQuery,
    response: folders.zRemovedFolder,
  }),
  approveFolder: onFolder,
  rejectFolder: onFolder,
  listEntries: op({ params: folders.zFolderParams, query: entries.zEntriesQuery, response: entries.zEntryPage }),
  explainPath: op({ query: why.zWhyQuery, response: why.zWhy }),
  overrideFolder: onFolder,
  revertFolder: onFolder,
  listConflicts: op({ query: entries.zConflictsQuery, response: entries.zConflictPage }),
  resolveConflict: op({ body: entries.zResolveConflict, response: entries.zResolvedConflict }),

  getVerification: op({ query: verify.zVerifyQuery, response: verify.zVerification }),
  startVerify: op({ body: verify.zStartVerify, response: verify.zVerification, status: 202 }),
  listVersions: op({ query: versions.zVersionsQuery, response: versions.zVersionPage }),
  restoreVersions: op({ body: versions.zRestore, response: versions.zRestored }),
  listUndoSteps: op({ query: versions.zUndoQuery, response: versions.zUndoList }),
  undo: op({ body: versions.zUndo, response: versions.zUndone }),

  startPairing: op({ query: pairing.zStartPairingQuery, response: pairing.zPairing, status: 201 }),
  joinPairing: op({ body: pairing.zJoinPairing, response: pairing.zPairing, status: 201 }),
  getPairing: op({ params: pairing.zPairingParams, response: pairing.zPairing }),
  followPairing: op({ params: pairing.zPairingParams, response: pairing.zPairing }),
  chooseInviter: op({ params: pairing.zPairingParams, body: pairing.zChooseInviter, response: pairing.zPairing }),
  cancelPairing: op({ params: pairing.zPairingParams, response: pairing.zPairing }),

  syncPair: op({ body: pairs.zPairRequest, response: pairs.zPairEvent }),

  listEvents: op({ query: events.zEventsQuery, response: events.zEventPage }),
  followEvents: op({ query: events.zEventStreamQuery, response: events.zEvent }),
} satisfies Record<OperationId, Operation>

type Operations = typeof OPERATIONS
type Parts = 'params' | 'query' | 'body'

/** What a handler gets: parsed, defaults filled in. */
export type OperationRequest<K extends OperationId> = { readonly [P in Parts]: z.output<Operations[K][P]> }
/** What a client gives: what has a default may be left out. */
export type OperationArguments<K extends OperationId> = { readonly [P in Parts]: z.input<Operations[K][P]> }
/** What comes back; of a stream, each item. */
export type OperationResponse<K extends OperationId> = z.output<Operations[K]['response']>
