/**
 * What a long look has found is published while it goes on, so that others fetch the first files while the last are being hashed.
 * Not where files may have been moved: others take a file that goes from one path and comes to another in one step for renamed, and
 * copy it otherwise.
 */

import type { BlobHash } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { Pass } from './observe-pass.ts'

/** New entries that are worth a segment of their own. */
const ENTRIES_MIN = 1000
/** So are fewer of so many bytes. */
const BYTES_MIN = 64 * 1024 * 1024

export interface FoundFile {
  readonly path: RelPath
  readonly hash: BlobHash
  readonly sizeBytes: number
}

/** Rows of one content that are looked at: others have it in their folders, or at many paths. */
const ROWS_MAX = 4

/** Before the files are recorded: whether one of them is the content of a path that is empty now. */
export async function noteMoves(pass: Pass, files: readonly FoundFile[]): Promise<void> {
  const { folder, early } = pass
  if (early.mayBeMoves) return
  const { catalogue } = folder.deps
  for (const { path, hash } of files) {
    const known = catalogue.read((tx) => tx.ownByHash(hash, ROWS_MAX))
    for (const { folder: id, row } of known) {
      if (id !== folder.id || row.entry.path === path) continue
      if ((await folder.tree.identify(row.entry.path)) !== undefined) continue
      early.mayBeMoves = true
      return
    }
  }
}

/** After they are recorded. */
export function tellEarly({ folder, early, missing }: Pass, files: readonly FoundFile[]): void {
  early.entries += files.length
  for (const { sizeBytes } of files) early.bytes += sizeBytes
  if (early.mayBeMoves || missing.length > 0 || (early.entries < ENTRIES_MIN && early.bytes < BYTES_MIN)) return
  early.entries = 0
  early.bytes = 0
  folder.toPublishNow.raise()
  folder.toPublish.raise()
}
