/** What the main thread asks of the threads. Plain data, so that it can be cloned. */

import type { BlobHash } from '../../protocol/ids.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import type { DirectoryListing, Fingerprint, RootTraits, TreeChange, TreeOutcome, VersionRecord } from '../ports.ts'
import type { ThreadJob } from '../threads-port.ts'
import type { NamedDirectory } from './names.ts'

export interface ListJob extends ThreadJob<readonly Listed[]> {
  readonly kind: 'list'
  readonly root: string
  readonly holdsExecutableBit: boolean
  /** Cloud drives put files here that have a size and no blocks, and reading one would fetch it. */
  readonly hasPlaceholders: boolean
  readonly directories: readonly ToList[]
}
export interface ToList {
  readonly directory: DirPath
  /** Names on the disk from the root down, joined by `/`; empty for the root. */
  readonly onDisk: string
}
export interface Listed {
  readonly listing: DirectoryListing
  /** Names on the disk that are not those in their paths. */
  readonly differing: ReadonlyMap<RelPath, string>
}

export interface HashJob extends ThreadJob<readonly HashedFile[]> {
  readonly kind: 'hash'
  readonly root: string
  readonly files: readonly ToHash[]
}
export interface ToHash {
  /** Names on the disk from the root down, joined by `/`. */
  readonly onDisk: string
  readonly fingerprint: Fingerprint
}
export type HashedFile =
  | {
      readonly kind: 'hashed'
      readonly hash: BlobHash
      readonly sizeBytes: number
      /** Joined; null for at most one chunk. */ readonly chunks: Uint8Array | null
    }
  | { readonly kind: 'changed' }
  | { readonly kind: 'unreadable'; readonly reason: string }

/** Whole small files, one behind the other in one piece of memory. */
export interface ReadJob extends ThreadJob<ReadFiles> {
  readonly kind: 'read'
  readonly root: string
  readonly files: readonly (ToHash & { readonly sizeBytes: number })[]
}
export interface ReadFiles {
  readonly bytes: Uint8Array
  /** One a file, in order; the bytes of those that were read follow each other. */
  readonly outcomes: readonly ('read' | 'changed' | { readonly unreadable: string })[]
}

/** Pieces of a file from `start` on, that end before `end`; up to there if a region ends there. */
export interface CutJob extends ThreadJob<Uint8Array | null> {
  readonly kind: 'cut'
  readonly root: string
  readonly onDisk: string
  readonly fingerprint: Fingerprint
  readonly start: number
  readonly end: number
  readonly isRegionEnd: boolean
  readonly averageBits: number
}

export interface ChangeJob extends ThreadJob<readonly TreeOutcome[]> {
  readonly kind: 'change'
  readonly root: string
  readonly traits: RootTraits
  readonly names: readonly NamedDirectory[]
  readonly batch: readonly TreeChange[]
  /** Of what the batch is about to keep. */
  readonly records: readonly VersionRecord[]
}
