/** Cutting files of a folder into fine chunks: a part of the `FileTree` port. Types only. */

import type { RelPath } from '../protocol/path.ts'
import type { AbortOptions, ByteRange, Fingerprint } from './ports.ts'

export interface FineCutter {
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
