/**
 * What the HTTP API asks of the engine: one method per capability. Expected failures are thrown as `ServiceError`;
 * anything else that is thrown is answered as `internal`, and logged.
 *
 * A `ref` is what a person typed: an id, or a name that only one folder or device has.
 */

import type { BundlePart, Config, Daemon, Doctor, LogPage, LogRecord, Status } from '../../protocol/api/daemon.ts'
import type { Device, DeviceList, Left } from '../../protocol/api/devices.ts'
import type {
  ConflictPage,
  ConflictsQuery,
  EntriesQuery,
  EntryPage,
  ResolveConflict,
  ResolvedConflict,
} from '../../protocol/api/entries.ts'
import type { Event, EventPage } from '../../protocol/api/events.ts'
import type {
  AcceptFolder,
  AddFolder,
  ChangeFolder,
  Folder,
  FolderList,
  Preview,
  PreviewFolder,
  RemovedFolder,
  Scan,
} from '../../protocol/api/folders.ts'
import type { ChangeLimits, Limits } from '../../protocol/api/limits.ts'
import type { StartVerify, Verification } from '../../protocol/api/verify.ts'
import type { JoinPairing, Pairing, StartPairing } from '../../protocol/api/pairing.ts'
import type {
  Restore,
  Restored,
  Undo,
  UndoList,
  UndoQuery,
  Undone,
  VersionPage,
  VersionsQuery,
} from '../../protocol/api/versions.ts'
import type { PairEvent, PairOrder } from '../../protocol/api/pairs.ts'
import type { ProblemCode, ProblemKind } from '../../protocol/api/problem-codes.ts'
import { PROBLEMS } from '../../protocol/api/problem-codes.ts'
import type {
  Recovered,
  Recovery,
  RemoveWithWords,
  RemovedWithWords,
  UseRecovery,
} from '../../protocol/api/recovery.ts'
import type { Why } from '../../protocol/api/why.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { AbortOptions } from '../ports.ts'

/** A failure that a client can act on. Its message is one sentence or two: what happened, and why. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ProblemCode
  /** What a person does next. */
  readonly nextStep: string

  /** `nextStep` says it better than the code's own, where this case is known more closely. */
  constructor(code: ProblemCode, message: string, options: ErrorOptions & { nextStep?: string } = {}) {
    super(message, options)
    this.code = code
    const kind: ProblemKind = PROBLEMS[code]
    this.nextStep = options.nextStep ?? kind.nextStep
  }
}

export interface DaemonService {
  /** Without `apiAddress`, which the HTTP server knows. */
  daemon(): Promise<Omit<Daemon, 'apiAddress'>>
  /** What there is at one moment. */
  status(): Promise<Omit<Status, 'daemon' | 'eventId'>>
  config(): Promise<Config>
  /** Takes seconds. @throws ServiceError `device-not-found` */
  doctor(device: string | undefined, o: AbortOptions): Promise<Doctor>
  /** The newest `limit` records, oldest first. */
  logs(limit: number): Promise<LogPage>
  /** The newest `limit` records, then each new one; ends when the signal aborts. Drops what a slow reader does not take. */
  followLogs(limit: number, o: AbortOptions): AsyncIterable<LogRecord>
  /** Without secrets, file names and contents. */
  supportBundle(o: AbortOptions): AsyncIterable<BundlePart>
  /** Begins to stop, and resolves at once. The HTTP server is disposed by whoever started it. */
  shutDown(): Promise<void>
}

export interface DeviceService {
  devices(): Promise<DeviceList>
  /** @throws ServiceError `device-not-found`, `ambiguous-name` */
  device(ref: string): Promise<Device>
  /** @throws ServiceError `device-not-found`, `ambiguous-name`, `is-other-device` */
  renameDevice(ref: string, name: string): Promise<Device>
  /** Gives the device as it last was. @throws ServiceError `device-not-found`, `ambiguous-name`, `is-this-device`, `not-allowed`, `senior-device` */
  removeDevice(ref: string, o: { readonly lost: boolean }): Promise<Device>
  /** @throws ServiceError `device-not-found`, `ambiguous-name`, `not-allowed`, `senior-device`, `last-admin` */
  setDeviceRole(ref: string, role: 'admin' | 'member'): Promise<Device>
  /** Keeps all files. @throws ServiceError `already-alone` */
  leave(): Promise<Left>
}

export interface LimitService {
  limits(): Promise<Limits>
  /** Holds at once, and resolves when it is durable. @throws ServiceError `device-not-found`, `ambiguous-name`, `is-this-device`, `bad-request` for a rule that is none */
  changeLimits(request: ChangeLimits): Promise<Limits>
}

/** The twelve recovery words. Every method that takes words throws `bad-words` and `wrong-words`, too. */
export interface RecoveryService {
  recovery(): Promise<Recovery>
  /** Keeps them. @throws ServiceError `words-elsewhere`, `words-forgotten` */
  showRecovery(): Promise<{ words: string }>
  /** For good. @throws ServiceError `words-elsewhere`, `words-unseen`; forgetting twice succeeds */
  forgetRecovery(): Promise<Recovery>
  /** @throws ServiceError `no-group-log`, `both-in-groups`, `not-allowed`, `update-needed` */
  useRecovery(request: UseRecovery): Promise<Recovered>
  /** Also of a senior device, and from one that was removed. @throws ServiceError `device-not-found`, `is-this-device`, `not-allowed` */
  removeDeviceWithWords(ref: string, request: RemoveWithWords): Promise<RemovedWithWords>
}

/** Every method that takes a ref throws `folder-not-found` and `ambiguous-name`, too. */
export interface FolderService {
  folders(): Promise<FolderList>
  /** Waits up to `waitMs` for an offer of that name or id. */
  folder(ref: string, o: AbortOptions & { readonly waitMs: number }): Promise<Folder>
  /**
   * @throws ServiceError `name-offered`, `name-taken`, `confirm-needed`, `path-not-found`, `not-a-directory`, `root-overlap`,
   * `root-marked`, `root-read-only`, `root-denied`, `bad-name`, `too-many-folders`, `not-allowed`
   */
  addFolder(request: AddFolder, o: AbortOptions): Promise<Folder>
  /** Changes nothing. @throws ServiceError as `acceptFolder`, without `confirm-needed` */
  previewFolder(ref: string, request: PreviewFolder, o: AbortOptions): Promise<Preview>
  /**
   * Makes the last component of the path where it is missing.
   * @throws ServiceError `already-held`, `confirm-needed`, `parent-missing`, `not-a-directory`, `root-overlap`, `root-marked`,
   * `root-read-only`, `root-denied`, `no-space`
   */
  acceptFolder(ref: string, request: AcceptFolder, o: AbortOptions): Promise<Folder>
  /** What is left out stays as it is. @throws ServiceError `not-held` but for the conflict policy, `bad-request`, `device-not-found`, `not-allowed`, `local-changes` */
  changeFolder(ref: string, request: ChangeFolder): Promise<Folder>
  /** Pausing what is paused succeeds. @throws ServiceError `not-held` */
  pauseFolder(ref: string): Promise<Folder>
  /** Resuming what is not paused succeeds. @throws ServiceError `not-held` */
  resumeFolder(ref: string): Promise<Folder>
  /** Resolves when a look that began after the call is over. @throws ServiceError `not-held`, `folder-paused`, `folder-halted`, `folder-not-ready` */
  scanFolder(ref: string, o: AbortOptions): Promise<Scan>
  /** `adopt`: a directory that has lost its marker is it all the same. @throws ServiceError `not-held`, `path-not-found`, `not-a-directory`, `root-unmarked`, `root-marked`, `root-overlap`, `root-read-only` */
  moveFolder(ref: string, path: string, o: { readonly adopt: boolean }): Promise<Folder>
  /** The files stay. @throws ServiceError `not-held` (unless everywhere), `not-allowed` */
  removeFolder(ref: string, o: { readonly everywhere: boolean }): Promise<RemovedFolder>
  /** @throws ServiceError `not-halted` */
  approveFolder(ref: string): Promise<Folder>
  /** @throws ServiceError `not-halted` */
  rejectFolder(ref: string): Promise<Folder>
  /** @throws ServiceError `not-held`, `bad-request` for a directory that is no path */
  entries(ref: string, query: EntriesQuery): Promise<EntryPage>
  conflicts(query: ConflictsQuery): Promise<ConflictPage>
  /** Waits some seconds for it to come about. @throws ServiceError `not-in-folder`, `no-conflict`, `wrong-mode` */
  resolveConflict(request: ResolveConflict, o: AbortOptions): Promise<ResolvedConflict>
  /** The path may be anywhere, and need not exist. @throws ServiceError `bad-request` for a name that no folder can hold */
  explainPath(path: string, o: AbortOptions): Promise<Why>
  /** @throws ServiceError `not-held`, `wrong-mode` */
  overrideFolder(ref: string): Promise<Folder>
  /** @throws ServiceError `not-held`, `wrong-mode` */
  revertFolder(ref: string): Promise<Folder>
}

export interface VerifyService {
  /** How reading again stands, for one folder or all that are held. @throws ServiceError `folder-not-found`, `ambiguous-name`, `not-held` */
  verification(ref: string | undefined): Promise<Verification>
  /** Begins to read, and answers at once. @throws ServiceError as `verification`, and `path-not-found` */
  startVerify(request: StartVerify, o: AbortOptions): Promise<Verification>
}

/** What was replaced or deleted, here and on the devices that are online. */
export interface VersionService {
  /** @throws ServiceError `not-in-folder`, `folder-not-ready`, `bad-request` */
  versions(query: VersionsQuery, o: AbortOptions): Promise<VersionPage>
  /** Resolves when it is durable. @throws ServiceError as `versions`, and `nothing-kept`, `kept-elsewhere`, `target-exists` */
  restore(request: Restore, o: AbortOptions): Promise<Restored>
  /** @throws ServiceError `not-held`, `folder-not-found`, `folder-not-ready` */
  undoSteps(query: UndoQuery, o: AbortOptions): Promise<UndoList>
  /** Resolves when it is durable on every device that could be asked. @throws ServiceError as `undoSteps`, and `nothing-kept`, `step-not-found` */
  undo(request: Undo, o: AbortOptions): Promise<Undone>
}

/** One run at a time. The newest run is known by its id until the next begins. Every method with an id throws `pairing-not-found`. */
export interface PairingService {
  /** @throws ServiceError `pairing-busy`, `too-many-devices` */
  startPairing(request: StartPairing): Promise<Pairing>
  /** Answers once the code is understood; `followPairing` tells the rest. @throws ServiceError `bad-code`, `bad-request` for the address, `pairing-busy` */
  joinPairing(request: JoinPairing): Promise<Pairing>
  pairing(id: string): Promise<Pairing>
  /** The run as it is, then each change; ends after its end, or when the signal aborts. */
  followPairing(id: string, o: AbortOptions): AsyncIterable<Pairing>
  /** @throws ServiceError `nothing-to-choose`, `no-inviter` */
  chooseInviter(id: string, device: DeviceId): Promise<Pairing>
  /** Burns the code. Cancelling what has ended changes nothing. */
  cancelPairing(id: string): Promise<Pairing>
}

/** Pairs of directories of this device. */
export interface PairService {
  /**
   * Runs a pair until it is done, or the signal aborts; a watch goes on until then. Drops what a slow reader does not take, but
   * for the result. Fails at once, or says `sync.failed` as its last word.
   * @throws ServiceError `bad-request`, `path-not-found`, `not-a-directory`, `root-read-only`, `root-denied`, `root-private`,
   * `ends-overlap`, `pair-busy`, `no-hashes`, `update-needed`, `no-space`, `storage-failed`
   */
  syncPair(request: PairOrder, o: AbortOptions): Promise<AsyncIterable<PairEvent>>
}

/** The newest events, in a bounded log. */
export interface EventSource {
  /** The id of the newest event, or the one before the first. */
  lastId(): string
  /** Up to `limit` events after an id, oldest first; from the oldest that is kept when the id is left out or unknown. */
  since(id: string | undefined, limit: number): EventPage
  /**
   * Events after an id, then each new one until the signal aborts. Begins with `events.lost` where some are no longer kept.
   * Only new ones when the id is left out. @throws ServiceError `too-slow` when the reader falls behind what the log keeps
   */
  follow(id: string | undefined, o: AbortOptions): AsyncIterable<Event>
}

/** The whole of it. `daemon.ts` composes it. */
export interface HoltService
  extends
    DaemonService,
    DeviceService,
    LimitService,
    RecoveryService,
    FolderService,
    VerifyService,
    VersionService,
    PairingService,
    PairService {
  readonly events: EventSource
}
