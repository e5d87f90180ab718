/** What the service stands on. Built by `daemon.ts`; whatever touches the machine comes as a function. */

import type { BundlePart, Check, Config as ConfigView, LogRecord } from '../../protocol/api/daemon.ts'
import type { Signer } from '../../protocol/crypto.ts'
import type { PairResult } from '../../protocol/api/pairs.ts'
import type { FolderId } from '../../protocol/ids.ts'
import type { EventLog } from '../http/event-log.ts'
import type { EventFeed } from './event-feed.ts'
import type { AbortOptions, PeerTransport } from '../ports.ts'
import type { DeviceSync } from '../sync/device-sync.ts'
import type { PairRunOptions } from '../sync/ends/pair-run.ts'
import type { Deps } from '../sync/folder.ts'
import type { GroupKeeper } from '../sync/group-keeper.ts'
import type { GroupLog } from '../sync/group-log.ts'
import type { Limits } from '../sync/limits.ts'
import type { PairPorts } from '../sync/pair.ts'
import type { PairingDesk } from '../sync/pair-invite.ts'
import type { SavedContent } from '../versions-port.ts'
import type { Notes } from './notes.ts'
import type { Suspicions } from './suspicions.ts'
import type { Troubles } from './troubles.ts'
import type { Uploads } from './uploads.ts'

/** What is at a path, before a folder's root is made there. */
export interface PathFacts {
  /** All symbolic links resolved, as far as the path exists. */
  readonly realPath: string
  readonly exists: boolean
  readonly isDirectory: boolean
  readonly isEmpty: boolean
  readonly parentExists: boolean
  /** The folder whose root it is, by its marker. */
  readonly marker: FolderId | null
  readonly isWritable: boolean
  readonly freeBytes: number
  readonly volumeBytes: number
}

/** A file of a directory that is not a folder yet. */
export interface LocalFile {
  /** As it would be in the folder. */
  readonly path: string
  readonly sizeBytes: number
  /** 64 hex digits. */
  readonly hash: string
}

export interface Machine {
  inspect(path: string): Promise<PathFacts>
  /** Makes a directory the root of a folder. @throws an error with a code of `TreeError` */
  createRoot(path: string, folder: FolderId): Promise<void>
  /** The copies of group logs below a directory that is, or was, the root of a folder; bytes that anybody may have written. */
  groupCopies(path: string): Promise<Uint8Array[]>
  /** Every file below a directory with its hash, ignored ones left out. */
  localFiles(path: string, o: AbortOptions): AsyncIterable<LocalFile>
  /** A file or link of its own, whole and durable; the directories above it are made. @throws an error with a code of `TreeError` */
  saveFile(
    path: string,
    content: SavedContent,
    o: AbortOptions & { readonly overwrite: boolean },
  ): Promise<'saved' | 'exists'>
  /** The directory that is proposed for a folder of a name. */
  proposedPath(name: string): string
  /** Checks of the machine: multicast, watches, clock, space, permissions, crashes. */
  checks(o: AbortOptions): Promise<Check[]>
  readonly config: () => Promise<ConfigView>
  readonly logDirectory: string
  logTail(limit: number): Promise<LogRecord[]>
  followLog(o: AbortOptions): AsyncIterable<LogRecord>
  bundle(o: AbortOptions): AsyncIterable<BundlePart>
}

/** Runs pairs of directories. */
export interface PairRunner {
  /** @throws PairError */
  run(o: PairRun): Promise<PairResult>
  /** Until the signal aborts. @throws PairError */
  watch(o: PairRun): Promise<never>
}

export interface PairRun extends PairRunOptions {
  readonly source: string
  readonly destination: string
}

export interface ServiceParts {
  readonly deps: Deps
  readonly sync: DeviceSync
  readonly groupLog: GroupLog
  readonly groupKeeper: GroupKeeper
  readonly desk: PairingDesk
  readonly pairPorts: PairPorts
  readonly transport: PeerTransport
  readonly events: EventLog
  readonly feed: EventFeed
  readonly machine: Machine
  readonly pairs: PairRunner
  readonly facts: {
    readonly version: string
    readonly platform: string
    readonly pid: number
    readonly home: string
    readonly startedMs: number
    /** Where a catalogue lies that could not be read; null where there is none. */
    readonly damagedCatalogue: string | null
  }
  readonly notes: Notes
  readonly troubles: Troubles
  readonly uploads: Uploads
  readonly limits: Limits
  readonly suspicions: Suspicions
  /** The key that recovery words stand for. Takes some 50 ms. */
  signerOfWords(words: string): Signer
  /** Ends the daemon; `leave` begins it anew under a new identity. */
  stop(how: 'stop' | 'leave'): void
}
