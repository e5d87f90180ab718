/** What this device knows, as `sync/` asks and tells it. Types only; `daemon/catalogue/` keeps it in SQLite. */

import type { BlobRef, ChunkList } from '../protocol/chunks.ts'
import type { Signed } from '../protocol/crypto.ts'
import type { Content, Entry } from '../protocol/entry.ts'
import type { BlobHash, ChunkListHash, DeviceId, FolderId, SegmentHash } from '../protocol/ids.ts'
import type { Hlc, Position } from '../protocol/manifest.ts'
import type { DirPath, RelPath } from '../protocol/path.ts'
import type { Fingerprint, Intent } from './ports.ts'

/** This device's own entry of a path, and how the disk looked when it was made true there: the merge base. */
export interface OwnRow {
  readonly entry: Entry
  /** Null: the path is not on the disk (a tombstone, not held here), or it should be and is not yet. */
  readonly fingerprint: Fingerprint | null
  /**
   * What is on the disk instead, where this device only receives: then the fingerprint above is null.
   */
  readonly local?: LocalContent
}

/** Of an own row what shows that nothing touched the path; its entry is not read. */
export interface OwnLook {
  readonly path: RelPath
  readonly fingerprint: Fingerprint | null
  /** The entry lives and is held here. */
  readonly isLive: boolean
  /** Something else is on the disk, or was taken away there. */
  readonly hasLocal: boolean
}

/** What a path holds on this device alone. */
export interface LocalContent {
  /** `deleted`: what the entry says was taken away here. */
  readonly content: Content
  readonly mtimeMs: number
  /** Null where nothing is on the disk. */
  readonly fingerprint: Fingerprint | null
  /** Nothing else is known of the path: the entry beside it says nothing, and is never published. */
  readonly isOnlyHere: boolean
  /** A person said that it is to go. */
  readonly isUnwanted: boolean
}

/** A path to be resolved, and how new the mark is. */
export interface DirtyPath {
  readonly path: RelPath
  readonly stamp: number
}

export interface PathMarks {
  /** To be resolved, or waiting for bytes. */
  readonly isDirty: boolean
  /** This device's own entry is in no segment yet. */
  readonly isUnpublished: boolean
}

/** What other devices say of a path; each distinct entry once. */
export interface OthersEntry {
  readonly entry: Entry
  readonly holders: readonly DeviceId[]
}

/** Where this device's own log of a folder stands. */
export interface OwnHead {
  readonly epoch: number
  readonly lastSeq: number
  readonly nextSegNo: number
  readonly lastSegHash: SegmentHash | null
  readonly hlc: Hlc
  /** The head as it was last sealed; null before the first. */
  readonly signed: Signed | null
}

/** How an epoch of this device's own log began that carries over what the epoch before it said. */
export interface EpochStart {
  /** The first head of the epoch. */
  readonly signed: Signed
  /** Where what is carried over ends: the position of that head. */
  readonly position: Position
  /** Where the epoch before ended: who is complete to there fetches nothing up to `position`. */
  readonly previous: Position
  /** The number of the first segment after `position`. */
  readonly nextSegNo: number
}

/** What was applied of another device's log of a folder. */
export interface PeerPosition {
  readonly position: Position
  /** Null where the rows were carried over from the epoch before: the number was never seen. */
  readonly nextSegNo: number | null
  readonly lastSegHash: SegmentHash | null
  /** The head that named this position, or the newest below it. */
  readonly head: Signed
  /** Set when the device signed two logs under one position: nothing more is taken from it in this epoch. */
  readonly isEquivocal: boolean
}

export interface FolderTotals {
  /** Live own entries: files, directories, links. */
  readonly live: number
  readonly files: number
  readonly bytes: number
  /** Sum mod 2^256 over own entries that are held, tombstones too; 32 bytes. */
  readonly digest: Uint8Array
}

/** How another device stands to what this one holds. */
export interface Lacking {
  /** Live own entries that it neither holds nor leaves out. */
  readonly entries: number
  /** Live own entries of which it says that it does not hold them. */
  readonly leftOut: number
}

export interface PlannedIntent extends Intent {
  readonly batch: string
  /** What the path becomes. */
  readonly entry: Entry
}

export interface CatalogueReader {
  own(folder: FolderId, path: RelPath): OwnRow | undefined
  /** Every own row directly in a directory, tombstones too, sorted by name. */
  ownChildren(folder: FolderId, directory: DirPath): OwnRow[]
  /** The same rows as they look, in no order: for a directory in which little has changed. */
  ownLooks(folder: FolderId, directory: DirPath): OwnLook[]
  /** The names in a directory that live and are on the disk. */
  ownNames(folder: FolderId, directory: DirPath): string[]
  /** Live own rows below a directory at any depth, parents first, after a path (for paging), at most `limit`. */
  ownLiveBelow(folder: FolderId, directory: DirPath, after: RelPath | null, limit: number): OwnRow[]
  /** Own entries that live, and are not on the disk. */
  ownAbsent(folder: FolderId, limit: number): Entry[]
  /** Every directory that has a live own row. */
  ownDirectories(folder: FolderId): DirPath[]
  /** What others say of a path, entries that they do not hold left out. */
  others(folder: FolderId, path: RelPath): OthersEntry[]
  /** Live files on this device's disk with these bytes. */
  ownByHash(hash: BlobHash, limit: number): { folder: FolderId; row: OwnRow }[]
  /** Own rows with local content, sorted by directory and name, after a path. */
  localChanges(folder: FolderId, after: RelPath | null, limit: number): OwnRow[]
  localCount(folder: FolderId): number
  /** Paths of which another device says what this one does not say too, sorted, after a path. */
  disputed(folder: FolderId, after: RelPath | null, limit: number): RelPath[]
  /** Devices whose own entries list exactly this blob: the same hash, size and chunk list. This one is left out. */
  holdersOf(blob: BlobRef): DeviceId[]
  chunkList(digest: ChunkListHash): ChunkList | undefined
  /** Paths to be resolved that wait for no blob, the last in order first, so that children come before their directories. */
  dirty(folder: FolderId, before: RelPath | null, limit: number): DirtyPath[]
  dirtyCount(folder: FolderId): number
  /** Whether there is any: costs the same however many there are. */
  hasDirty(folder: FolderId): boolean
  /** Paths that wait for bytes from another device. */
  waitingCount(folder: FolderId): number
  waiting(folder: FolderId, limit: number): { path: RelPath; hash: BlobHash }[]
  /** How many dirty paths, waiting ones too, live here and are a tombstone somewhere else: what a pass may delete at most. */
  dirtyDeletes(folder: FolderId): number
  totals(folder: FolderId): FolderTotals
  /** Files of which this device says that it does not hold them: left out, or ignored. */
  notHeldFiles(folder: FolderId): number
  /** Whether another device says of anything that it does not hold it. */
  leavesOut(folder: FolderId, device: DeviceId): boolean
  /** What another device lacks of what lives here. Looks at every own row. */
  lackingAt(folder: FolderId, device: DeviceId): Lacking
  ownHead(folder: FolderId): OwnHead | undefined
  /** Of the epoch in which the own log is; undefined where it carried nothing over. */
  epochStart(folder: FolderId): EpochStart | undefined
  /** Own entries that a segment has as they are, by directory and name, after a path. */
  published(folder: FolderId, after: RelPath | null, limit: number): Entry[]
  /** How many those are. Looks at every own row. */
  publishedCount(folder: FolderId): number
  unpublished(folder: FolderId, limit: number): Entry[]
  /** Own sealed segments of an epoch from a number on, until `maxBytes` is passed. */
  segments(folder: FolderId, epoch: number, fromSegNo: number, maxBytes: number): Signed[]
  peerPosition(folder: FolderId, device: DeviceId): PeerPosition | undefined
  /** What a device says of its own state here, sorted by path. */
  entriesHeldBy(folder: FolderId, device: DeviceId, after: RelPath | null, limit: number): Entry[]
  intents(folder: FolderId): PlannedIntent[]
  /** Some path of a folder that has these bytes, for people. */
  pathOf(folder: FolderId, hash: BlobHash): RelPath | undefined
  /** Paths of a folder that anybody says live with these bytes, in no order. */
  pathsOf(folder: FolderId, hash: BlobHash, limit: number): RelPath[]
  /** Every path that anybody says lives in a folder, below a directory, after one, sorted. */
  livePaths(folder: FolderId, directory: DirPath, after: RelPath | null, limit: number): RelPath[]
  /** Every path of which anybody says or said anything, or that is to be resolved, below a directory, after one, sorted. */
  knownPaths(folder: FolderId, directory: DirPath, after: RelPath | null, limit: number): RelPath[]
  /** What other devices say of a path, also that they do not hold it. */
  saidOf(folder: FolderId, path: RelPath): OthersEntry[]
  /** What is still to be done with a path. */
  marksOf(folder: FolderId, path: RelPath): PathMarks
  /** Live conflict copies on this device, sorted by path. */
  conflictCopies(folder: FolderId, limit: number): OwnRow[]
  folders(): FolderId[]
}

export interface CatalogueWriter extends CatalogueReader {
  /**
   * Replaces this device's own entry of a path; it is unpublished until a segment has it. `observed` makes the path dirty where
   * another device says something else; `resolved` has looked at that already.
   */
  setOwn(folder: FolderId, row: OwnRow, by: 'observed' | 'resolved'): void
  /** Forgets a path of which nothing was ever published. */
  dropOwn(folder: FolderId, path: RelPath): void
  /** The same entry, seen with another look; and nothing local beside it. */
  setFingerprint(folder: FolderId, path: RelPath, fingerprint: Fingerprint | null): void
  markDirty(folder: FolderId, paths: Iterable<RelPath>): void
  /** Every path of which another device says what this one does not say too. */
  markDisputed(folder: FolderId): void
  /** Only marks that are not newer than those given go away. */
  clearDirty(folder: FolderId, paths: Iterable<DirtyPath>): void
  /** The paths are resolved again when the blob is here, or when anything new is known of them. */
  setWaiting(folder: FolderId, path: DirtyPath, hash: BlobHash): void
  /** A blob is here: what waited for it is to be resolved. @returns how many paths. */
  blobLanded(folder: FolderId, hash: BlobHash): number
  /** Nothing waits any more; for the start, when nothing is under way. */
  resetWaiting(folder: FolderId): void
  putChunkList(list: ChunkList): void
  /** Begins a new epoch: every own entry is unpublished again, and no segment is left. */
  beginEpoch(folder: FolderId, epoch: number): void
  /** A sealed segment: its entries are published, the head moves. */
  addSegment(folder: FolderId, segNo: number, entries: readonly Entry[], signed: Signed, head: OwnHead): void
  setOwnHead(folder: FolderId, head: OwnHead): void
  /** A segment of an epoch that is only being written: nobody is told of it before the epoch starts. */
  addDraft(folder: FolderId, epoch: number, segNo: number, signed: Signed): void
  /** The epoch that was drafted is the own log from now on. What is published stays so. */
  startEpoch(folder: FolderId, start: EpochStart, head: OwnHead): void
  /** Forgets segments of other epochs than the own head's, so many at most of older and of newer ones. @returns how many there were */
  dropOldSegments(folder: FolderId, limit: number): number
  /**
   * Another device's entries replace what it said of those paths; they become dirty, but where it said nothing before and now says
   * what is so here.
   */
  applyEntries(folder: FolderId, device: DeviceId, entries: readonly Entry[]): void
  setPeerPosition(folder: FolderId, device: DeviceId, position: PeerPosition): void
  /** A device says nothing of this folder any more (a new epoch, removal, dropped folder). */
  forgetPeer(folder: FolderId, device: DeviceId): void
  setIntents(folder: FolderId, intents: readonly PlannedIntent[]): void
  clearIntents(folder: FolderId): void
  /** Forgets all of a folder. */
  dropFolder(folder: FolderId): void
}

export interface TransactOptions {
  /** When it returns, the transaction and all before it survive a power cut. */
  readonly isDurable: boolean
}

/** Synchronous, so no `await` can split a transaction. A transaction that throws changes nothing. */
export interface Catalogue extends Disposable {
  read<T>(body: (tx: CatalogueReader) => T): T
  transact<T>(o: TransactOptions, body: (tx: CatalogueWriter) => T): T
}
