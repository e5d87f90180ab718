/** What an older content of a file is good for: cutting it into fine chunks, and putting a newer one together. Types only. */

import type { RelPath } from '../protocol/path.ts'
import type { AbortOptions, ByteRange, Fingerprint } from './ports.ts'

/** A file of a folder, for a room that reads it in a thread. Plain data. */
export interface FileSource {
  readonly root: string
  /** Names on the disk from the root down, joined by `/`. */
  readonly onDisk: string
  /** What it has to be like: else it is `changed`. */
  readonly fingerprint: Fingerprint
}

/** So many bytes of a file, from `from` on, belong at `at` of a chunk. */
export interface Copied {
  readonly at: number
  readonly from: number
  readonly bytes: number
}

/** How one chunk is put together. Copies and patches cover it, once. */
export interface Assembly {
  readonly chunkNo: number
  readonly copies: readonly Copied[]
  /** What the file does not have. */
  readonly patches: readonly { readonly at: number; readonly bytes: Uint8Array }[]
}

/** `wrong`: together they are not that chunk, and nothing was written. `changed`: the file is not what it was. */
export type Assembled = 'written' | 'wrong' | 'changed'

export interface FineCutter {
  /** The file at a path, for `IncomingBlob.assemble` of the same device. */
  source(path: RelPath, expect: Fingerprint): FileSource
  /**
   * Cuts a region of a file, in workers: lists of its pieces (`protocol/fine-cut.ts`), in order, as they are made.
   *
   * @throws TreeError `changed` unless the file has the fingerprint before and after each of them
   */
  cut(
    path: RelPath,
    o: AbortOptions & { readonly range: ByteRange; readonly averageBits: number; readonly expect: Fingerprint },
  ): AsyncIterable<Uint8Array>
}
