/** The two ends of a pair, and what is remembered of them between runs. Types only. */

import type { BlobRef, ChunkList } from '../protocol/chunks.ts'
import type { BlobHash } from '../protocol/ids.ts'
import type { DirPath, RelPath } from '../protocol/path.ts'
import type {
  AbortOptions,
  ByteRange,
  DirectoryListing,
  Fingerprint,
  HashRequest,
  HashResult,
  Intent,
  TreeChange,
  TreeOutcome,
  WatchHint,
} from './ports.ts'

export type Side = 'source' | 'destination'

/** What is at a path of an end. `look` is opaque: while it is equal, nothing touched the file. */
export type Item =
  | {
      readonly kind: 'file'
      readonly look: Fingerprint
      readonly sizeBytes: number
      readonly mtimeMs: number
      /** Null where the end cannot tell. */
      readonly executable: boolean | null
      /** Null where it was not needed, or the end cannot tell. */
      readonly hash: BlobHash | null
    }
  | { readonly kind: 'directory'; /** Another volume is mounted here. */ readonly isMount: boolean }
  | { readonly kind: 'symlink'; readonly look: Fingerprint; readonly target: string; readonly mtimeMs: number }
export type FileItem = Extract<Item, { kind: 'file' }>

/** What an end can do: facts, so that nobody asks of what kind it is. */
export interface EndTraits {
  /** Whether it can tell the BLAKE3 of its files. */
  readonly hashes: boolean
  readonly caseSensitive: boolean
  readonly executableBit: boolean
  readonly symlinks: boolean
}

/** Bytes of the other end, or of another file of the same end. Each range is read where it still is what was seen. */
export interface ByteSource {
  /** @throws an error with code `changed` when it is no longer what was seen */
  read(range: ByteRange | undefined, o: AbortOptions): AsyncIterable<Uint8Array>
  /** Null for a blob of one chunk, and where it is not known. */
  readonly chunks: ChunkList | null
}

/**
 * One change of an end, with what it expects to find; null: nothing may be there. As a change of a root, but that the bytes were
 * fetched before, and that the end itself names the versions that it keeps of what is replaced.
 */
export type EndChange =
  | {
      readonly kind: 'put'
      readonly path: RelPath
      readonly hash: BlobHash
      readonly mtimeMs: number
      readonly executable: boolean
      readonly expect: Fingerprint | null
    }
  | Unnamed<Exclude<TreeChange, { kind: 'place' }>>

/** Without the names of versions. */
type Unnamed<Change> = Change extends unknown ? Omit<Change, 'keepAs' | 'noteAs'> : never

/** Why a batch changes a path, and what was there, for the record of versions. */
export interface ChangeLabel {
  readonly reasonOf: (path: RelPath) => string
  readonly hashOf: (path: RelPath) => BlobHash | null
}

/**
 * One end of a pair: a directory of this machine, or another place that keeps files by path. Nothing that a person wrote there is
 * ever overwritten unseen: each change names what it expects, and what gives way is kept as a version.
 */
export interface End extends AsyncDisposable {
  /** Where it is, for people. */
  readonly place: string
  readonly traits: EndTraits
  /** Lists exactly these directories, one batch each, in any order; does not descend. */
  list(directories: Iterable<DirPath>, o: AbortOptions): AsyncIterable<DirectoryListing>
  /** One result a request, in any order. Only where `traits.hashes`. */
  hash(files: Iterable<HashRequest>, o: AbortOptions): AsyncIterable<HashResult>
  /** A small file such as `.holtignore`, whole; undefined when it is not there, is not a file, or has more than `maxBytes`. */
  readSmall(path: RelPath, maxBytes: number): Promise<string | undefined>
  /** @throws an error with code `changed` unless the file has the fingerprint before and after */
  read(path: RelPath, o: AbortOptions & { range?: ByteRange; expect: Fingerprint }): AsyncIterable<Uint8Array>
  /**
   * Brings bytes to where a `put` can take them, verified; nothing is to be seen of them yet. What has come stays when it is
   * cancelled, and is not fetched again. `onBytes` is told of bytes as they come.
   *
   * @throws an error with code `changed`, `no-space`, `io`
   */
  fetch(
    blob: BlobRef,
    source: ByteSource,
    o: AbortOptions & { readonly onBytes: (count: number) => void },
  ): Promise<void>
  /** Applies changes in order; one outcome each. When it resolves, all that is `done` survives a power cut. */
  change(batch: readonly EndChange[], label: ChangeLabel, o: AbortOptions): Promise<readonly TreeOutcome[]>
  /** Lets versions go that runs of pairs kept here and whose time is over. */
  collect(): Promise<void>
  /** Hints that something may have changed. */
  watch(o: AbortOptions): AsyncIterable<WatchHint>
}

/** A path on which both sides have agreed: how each of them was then. */
export interface BaseRow {
  readonly path: RelPath
  readonly source: Item
  readonly destination: Item
}

/** The hash of a file that an end once showed with this look. */
export interface Sighting {
  readonly side: Side
  readonly path: RelPath
  readonly look: Fingerprint
  readonly hash: BlobHash
}

/** What a batch is about to do to a path of an end, as `FileTree.recover` takes it. */
export type EndIntent = Intent

/**
 * What is remembered of a pair. Synchronous, so no `await` can split a transaction. Losing it costs a first run again, and
 * nothing else.
 */
export interface PairBase extends Disposable {
  /** Whether the pair was ever brought to a common state. */
  readonly isKnown: boolean
  rows(): Iterable<BaseRow>
  /** What is known of files whose rows do not tell it. */
  sightings(): Iterable<Sighting>
  chunkList(hash: BlobHash): ChunkList | undefined
  /** In one transaction. */
  remember(changes: BaseChanges): void
  /** Replaces those of the side. Durable when it returns. */
  setIntents(side: Side, intents: readonly EndIntent[]): void
  intents(side: Side): EndIntent[]
  /** From now on a run is no first one. */
  setKnown(): void
  /** Forgets all but the identity of the ends: the next run is a first one. */
  forget(): void
}

export interface BaseChanges {
  readonly set?: readonly BaseRow[]
  readonly drop?: readonly RelPath[]
  readonly seen?: readonly Sighting[]
  /** Of blobs of more than one chunk. */
  readonly lists?: readonly { readonly hash: BlobHash; readonly list: ChunkList }[]
  /** What was to be done to these ends is done. */
  readonly isSettled?: boolean
}
