/** Every interface through which the daemon borrows the world. Types only; the meaning stands here, the means elsewhere. */

import type { BlobRef, ChunkList } from '../protocol/chunks.ts'
import type { Brand, BlobHash, DeviceId } from '../protocol/ids.ts'
import type { DirPath, RelPath } from '../protocol/path.ts'
import type { ProtocolSpec } from '../protocol/protocols.ts'
import type { Assembled, Assembly, FileSource, FineCutter } from './fine-port.ts'
import type { KeptContent, Taken, VersionRecord } from './versions-port.ts'

export type { Clock } from './clock-port.ts'
export type { VersionRecord } from './versions-port.ts'

export interface AbortOptions {
  readonly signal: AbortSignal
}

export interface Random {
  /** Unpredictable bytes. */
  bytes(length: number): Uint8Array
}

export type LogValue = string | number | boolean | null
export interface Log {
  /** An event name such as `folder.halted`, and its fields. Never a secret. */
  event(name: string, fields: Record<string, LogValue>): void
}

// ---- Small files of the daemon's own that cannot be derived again.

/** Named small files in the data directory: identity, group log, folder settings, own last heads. */
export interface StateFiles {
  read(name: string): Promise<Uint8Array | undefined>
  /** Replaces the file whole. When it resolves, the new content survives a power cut; when it rejects, the old one stands. */
  write(name: string, bytes: Uint8Array): Promise<void>
  /** Removing what is not there succeeds. */
  remove(name: string): Promise<void>
  /** Names that begin with the prefix, sorted. */
  list(prefix: string): Promise<string[]>
}

// ---- The folder on disk.
/** What a file looked like: size, mtime, inode and ctime. Opaque: equal text means that nothing touched it. */
export type Fingerprint = Brand<string, 'Fingerprint'>
/** Which file it is, whatever it is called or contains: device and inode. Opaque. */
export type FileIdentity = Brand<string, 'FileIdentity'>
/** Where a store keeps a whole blob, so that a tree on the same volume can take it into place. Opaque. */
export type BlobLocation = Brand<string, 'BlobLocation'>
/** The name of a kept version below `.holt/versions`. */
export type VersionName = Brand<string, 'VersionName'>

export type BlockReason =
  /** The name on disk is not UTF-8, or not a legal path. */
  | 'bad-name'
  /** Two names on disk are one name after normalisation. */
  | 'name-clash'
  /** A device, socket or FIFO. */
  | 'special-file'
  /** The operating system does not let the daemon read it. */
  | 'unreadable'
  /** A placeholder of a cloud drive: a size and no bytes. */
  | 'placeholder'

export type DiskEntry =
  | {
      readonly kind: 'file'
      readonly path: RelPath
      readonly fingerprint: Fingerprint
      readonly sizeBytes: number
      readonly mtimeMs: number
      readonly executable: boolean
    }
  | {
      readonly kind: 'directory'
      readonly path: RelPath
      readonly fingerprint: Fingerprint
      readonly mtimeMs: number
      /** Another volume is mounted here. */ readonly isMount: boolean
    }
  | {
      readonly kind: 'symlink'
      readonly path: RelPath
      readonly fingerprint: Fingerprint
      readonly mtimeMs: number
      readonly target: string
    }
  | {
      readonly kind: 'blocked'
      /** For people; may not be a legal path. */ readonly diskName: string
      /** The path, where it is one. */ readonly path: RelPath | null
      readonly reason: BlockReason
    }

/** The fingerprint of a directory says only that it is one, and whether it is a mount. */
export interface DirectoryListing {
  readonly directory: DirPath
  /** `absent`: nothing there, or something that is no directory. `unreadable`: there, and the system refuses to list it. */
  readonly state: 'listed' | 'absent' | 'unreadable'
  /** Sorted by path. Never `.holt`. */
  readonly entries: readonly DiskEntry[]
}

export interface HashRequest {
  readonly path: RelPath
  readonly fingerprint: Fingerprint
}
export type HashResult =
  | {
      readonly kind: 'hashed'
      readonly path: RelPath
      readonly fingerprint: Fingerprint
      readonly hash: BlobHash
      readonly sizeBytes: number
      readonly chunks: ChunkList | null
    }
  /** It no longer has the fingerprint, or moved while it was read. */
  | { readonly kind: 'changed'; readonly path: RelPath }
  /** The reason begins with the system's code, such as `EIO` or `EACCES`. */
  | { readonly kind: 'unreadable'; readonly path: RelPath; readonly reason: string }

/**
 * One change of the folder, with what it expects to find. `expect: null` means that nothing may be there.
 * `keepAs` names the place below `.holt/versions` that takes what was there; it is set exactly when something was.
 */
export type TreeChange =
  /** Takes a whole blob of the root's store into place; the store no longer has it afterwards. */
  | {
      readonly kind: 'place'
      readonly path: RelPath
      readonly source: BlobLocation
      readonly mtimeMs: number
      readonly executable: boolean
      readonly expect: Fingerprint | null
      readonly keepAs: VersionName | null
    }
  | {
      readonly kind: 'symlink'
      readonly path: RelPath
      readonly target: string
      readonly mtimeMs: number
      readonly expect: Fingerprint | null
      readonly keepAs: VersionName | null
    }
  /** Succeeds where a directory is already. */
  | { readonly kind: 'make-directory'; readonly path: RelPath }
  /** Nothing may be at `path`. */
  | {
      readonly kind: 'rename'
      readonly from: RelPath
      readonly path: RelPath
      readonly mtimeMs: number
      readonly executable: boolean
      readonly expect: Fingerprint
    }
  /** Same bytes, other mtime or executable bit. */
  | {
      readonly kind: 'touch'
      readonly path: RelPath
      readonly mtimeMs: number
      readonly executable: boolean
      readonly expect: Fingerprint
    }
  /** A file or symbolic link goes to the versions. */
  | { readonly kind: 'remove'; readonly path: RelPath; readonly expect: Fingerprint; readonly keepAs: VersionName }
  /** Only an empty directory. `noteAs` names the line of the versions log that tells of it. */
  | { readonly kind: 'remove-directory'; readonly path: RelPath; readonly noteAs?: VersionName }

export type TreeOutcome =
  /** What is there now; null when nothing is. */
  | { readonly kind: 'done'; readonly fingerprint: Fingerprint | null }
  /** What was found is not what was expected. Nothing was changed, nothing is missing. */
  | { readonly kind: 'changed' }
  /** A directory that has something in it stays. */
  | { readonly kind: 'not-empty' }
  | { readonly kind: 'failed'; readonly reason: ApplyFault; readonly message: string }

/** `in-the-way`: a directory that should give way to a file has something in it that is not synced. */
export type ApplyFault = 'in-the-way' | 'no-space' | 'read-only' | 'denied' | 'name-impossible' | 'locked' | 'io'

/** What a batch is about to do to one path, kept durably before it begins, so that a crash in the middle is put right. */
export interface Intent {
  readonly path: RelPath
  /** The file that shall stand at the path afterwards: the part in the store, or the file to be renamed. Null: none (a removal, or something without bytes). */
  readonly arriving: FileIdentity | null
  /** What stood at the path, and where it goes. */
  readonly replaced: { readonly fingerprint: Fingerprint; readonly keepAs: VersionName } | null
}
export type Recovered =
  /** The arriving file stands at the path. */
  | { readonly kind: 'arrived'; readonly path: RelPath; readonly fingerprint: Fingerprint }
  /** The path was empty and what it had was moved back from the versions, or nothing had happened yet. */
  | { readonly kind: 'as-before'; readonly path: RelPath }
  /** Something else is there: an observation will tell. */
  | { readonly kind: 'other'; readonly path: RelPath }

export type RootState =
  | 'ok'
  /** The path is not there. */
  | 'missing'
  /** The path is there, `.holt` is not, or it belongs to another folder: a disk is not mounted, or the folder was moved. */
  | 'unmarked'
  | 'read-only'

/** What a root can hold, probed when it was added. */
export interface RootTraits {
  readonly caseSensitive: boolean
  readonly executableBit: boolean
  readonly symlinks: boolean
  /** Names that Windows has another use for, or none, cannot be had: `CON`, `a:b`, a dot or space at the end. */
  readonly windowsNames: boolean
  /** Bytes that the volume has in all. */
  readonly volumeBytes: number
}

/** A batch's name and reason, for the versions log. */
export interface BatchLabel {
  readonly batch: string
  readonly reasonOf: (path: RelPath) => string
  readonly hashOf: (path: RelPath) => BlobHash | null
  /** Left out where nobody knows. */
  readonly changeOf?: (path: RelPath) => Taken | null
}

/** The folder on disk. Every change names what it expects to find, so an edit made meanwhile is never lost. */
export interface FileTree extends FineCutter, AsyncDisposable {
  readonly traits: RootTraits
  check(): Promise<RootState>
  freeBytes(): Promise<number>
  /** Lists exactly these directories, one batch each, in any order; does not descend. Each becomes watched. */
  scan(directories: Iterable<DirPath>, o: AbortOptions): AsyncIterable<DirectoryListing>
  /** In workers; whole and chunk hashes in one read. One result a request, in any order. */
  hash(files: Iterable<HashRequest>, o: AbortOptions): AsyncIterable<HashResult>
  /**
   * Bytes `start` (in) to `end` (out). `into`, as long as the range: where they may be read to, and then parts of it are yielded.
   *
   * @throws TreeError `changed` unless the file has the fingerprint before and after
   */
  read(
    path: RelPath,
    o: AbortOptions & { range?: ByteRange; into?: Uint8Array; expect: Fingerprint },
  ): AsyncIterable<Uint8Array>
  /** A small file such as `.holtignore`, whole; undefined when it is not there, is not a file, or has more than `maxBytes`. */
  readSmall(path: RelPath, maxBytes: number): Promise<string | undefined>
  identify(path: RelPath): Promise<FileIdentity | undefined>
  /**
   * Applies changes in order; one outcome each. When it resolves, everything that is `done` survives a power cut: the touched
   * directories and the versions log are synced once for the batch.
   */
  change(batch: readonly TreeChange[], label: BatchLabel, o: AbortOptions): Promise<readonly TreeOutcome[]>
  /** Puts right what a crash left of a batch. Idempotent. */
  recover(intents: readonly Intent[]): Promise<readonly Recovered[]>
  /** Directories that may have changed, coalesced: hints, not facts. `overflow`: anything may have. */
  watch(o: AbortOptions): AsyncIterable<WatchHint>
  /** The versions log as it is, oldest first. */
  versions(): AsyncIterable<VersionRecord>
  /** Lines of the versions log that cannot be read: what they told is lost, the files that they named are listed without it. */
  damagedVersionLines(): Promise<number>
  /** Undefined where no file or link of that name is kept. */
  lookAtVersion(name: VersionName): Promise<KeptContent | undefined>
  /** The bytes of a kept version. @throws TreeError `missing` */
  readVersion(name: VersionName, o: AbortOptions): AsyncIterable<Uint8Array>
  /** Reads kept versions again, in workers; one result for each that is there, in any order. `hash` is null where the disk fails. */
  hashVersions(
    names: Iterable<VersionName>,
    o: AbortOptions,
  ): AsyncIterable<{ readonly name: VersionName; readonly hash: BlobHash | null; readonly sizeBytes: number }>
  /** Deletes kept versions for good and rewrites the log without them. */
  dropVersions(names: ReadonlySet<VersionName>): Promise<void>
}

export type WatchHint =
  { readonly kind: 'dirty'; readonly directories: readonly DirPath[] } | { readonly kind: 'overflow' }

/** Bytes `start` (in) to `end` (out). */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

// ---- Blobs.

export interface StoredBlob {
  readonly hash: BlobHash
  readonly sizeBytes: number
  readonly location: BlobLocation
  readonly identity: FileIdentity
}

/**
 * Whole blobs that a root has received and not yet placed: `<root>/.holt/incoming`, on the volume of their destination.
 * Every write is verified. What is put is not synced: `FileTree.change` syncs what it places, many together. A store
 * that is opened reads what is there again and keeps what is right: a power cut may take a blob that is not placed, never change it.
 */
export interface BlobStore {
  stat(hash: BlobHash): Promise<StoredBlob | undefined>
  /** @throws StoreError `wrong-hash` unless the bytes are the blob's; `no-space`. Nothing stays behind. */
  put(hash: BlobHash, source: AsyncIterable<Uint8Array> | Uint8Array, o: AbortOptions): Promise<StoredBlob>
  /** Opens a part file or resumes the one that is there: what of it matches the chunk list is kept. */
  receive(blob: BlobRef, chunks: ChunkList | null, o: AbortOptions): Promise<IncomingBlob>
  /** @throws StoreError `missing` */
  read(hash: BlobHash, o: AbortOptions & { range?: ByteRange }): AsyncIterable<Uint8Array>
  /** Whole blobs and parts. */
  list(o: AbortOptions): AsyncIterable<{
    readonly hash: BlobHash
    readonly sizeBytes: number
    readonly isWhole: boolean
    readonly mtimeMs: number
  }>
  /** A whole blob or a part; deleting what is not there succeeds. */
  delete(hash: BlobHash): Promise<void>
}

/** A blob on its way. Disposing it keeps what has arrived. */
export interface IncomingBlob extends AsyncDisposable {
  readonly blob: BlobRef
  /** Numbers of the chunks that are not there yet, ascending. */
  missing(): readonly number[]
  /** `wrong`: the bytes are not that chunk; nothing was written. @throws StoreError `no-space` */
  write(chunkNo: number, bytes: Uint8Array): Promise<'written' | 'wrong'>
  /** Puts chunks together from another file and writes them; one outcome each, in order. @throws StoreError `no-space`, `io` */
  assemble(source: FileSource, chunks: readonly Assembly[], o: AbortOptions): Promise<readonly Assembled[]>
  /** Synced and whole. `wrong`: all chunks fit and the whole hash does not (the list was a lie); the part is gone. */
  commit(): Promise<StoredBlob | 'wrong'>
}

// ---- Peers.

export interface PeerStream {
  readonly remote: DeviceId
  /**
   * Resolves when the frame is accepted by the bounded send queue, which keeps the array itself: nobody may change it afterwards.
   *
   * @throws PeerError `gone`, `too-large`
   */
  write(frame: Uint8Array, o: AbortOptions): Promise<void>
  /**
   * The next frame, in order; undefined when the other side has closed. A read that is cancelled takes nothing. One at a time.
   *
   * @throws PeerError `gone`, `too-large`
   */
  read(o: AbortOptions): Promise<Uint8Array | undefined>
  /** Gives back a frame that was read, once nothing of it is in use any more: its memory may hold a later one. */
  recycle(frame: Uint8Array): void
  /** Ends this direction of the stream after what was written; what the other side writes can still be read. Idempotent. */
  close(): Promise<void>
  /** Ends the stream at once, as a fault. Idempotent. */
  abort(reason: string): void
}

export interface Presence {
  readonly device: DeviceId
  readonly online: boolean
}

/** A device that shows a pairing code on this network. Only a hint: the handshake proves the id. */
export interface Inviter {
  readonly device: DeviceId
  readonly addresses: readonly string[]
}

/** Authenticated streams between devices: libp2p in the daemon, a simulated network in tests. */
export interface PeerTransport extends AsyncDisposable {
  readonly self: DeviceId
  /** The TCP port where this device listens. */
  readonly port: number
  /** Connects first where that is needed and an address is known. @throws PeerError `offline`, `refused`, `newer` */
  open(remote: DeviceId, protocol: ProtocolSpec, o: AbortOptions): Promise<PeerStream>
  /**
   * At most one handler a protocol. `isOpenToStrangers` protocols get streams of devices that are no members, too. The stream is
   * closed when the handler is done, and ends as a fault (`gone`) when the handler fails.
   */
  handle(protocol: ProtocolSpec, onStream: (stream: PeerStream) => Promise<void>): Disposable
  /** First every member who is online, then each change. Ends when the signal aborts. */
  presence(o: AbortOptions): AsyncIterable<Presence>
  /** Whom to stay connected with from now on; connections of others are closed at once, but for streams open to strangers. */
  admit(members: ReadonlySet<DeviceId>): void
  /** Dial what is missing now, without waiting for the backoff: after a resume, or a change of the network. */
  redial(): void
  /** Closes all connections with a device. */
  drop(device: DeviceId): Promise<void>
  /** The public nameplate (1–99) that discovery announces while a code is shown; null for none. */
  announce(nameplate: number | null): void
  /** Devices that announce a nameplate, as they are found. */
  inviters(nameplate: number, o: AbortOptions): AsyncIterable<Inviter>
  /** Connects to `HOST[:PORT]` where there is no multicast. @throws PeerError `offline` */
  dial(address: string, o: AbortOptions): Promise<DeviceId>
  /** Where this device can be reached: multiaddrs. */
  addresses(): readonly string[]
  /** Where a connected device is reached: a multiaddr. Undefined while it is not connected. */
  addressOf(device: DeviceId): string | undefined
  /** Whether a TCP connection can be opened to a port of the host from which a device is connected. Nothing is said over it. */
  reaches(device: DeviceId, port: number, o: AbortOptions): Promise<boolean>
}
