/** What the main thread asks of the workers that list and hash. Plain data, so that it can be cloned. */

import type { BlobHash } from '../../protocol/ids.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import type { DirectoryListing, Fingerprint } from '../ports.ts'

export interface ListJob {
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

export interface HashJob {
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

export type Job = ListJob | HashJob

/** The answer to a job has the job's kind. */
export interface Answers {
  readonly list: readonly Listed[]
  readonly hash: readonly HashedFile[]
}
