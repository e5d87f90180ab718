/** Deletions as the mass-delete guard counts them: a file that only moved is none. */

import type { BlobHash, FolderId } from '../../protocol/ids.ts'
import type { Entry } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { CatalogueReader } from '../catalogue-port.ts'

/** A path that lives on this device and would not any more. */
export interface Deletion {
  readonly path: RelPath
  /** What a file there holds; null for anything else. */
  readonly hash: BlobHash | null
}

/** Other paths with the same content that are looked at: where there are more, some of them stay. */
const TWINS_MAX = 16

export function deletionOf({ path, content }: Entry): Deletion {
  return { path, hash: content.kind === 'file' ? content.hash : null }
}

/** The paths whose content does not live at any path that stays. */
export function withoutMoved(
  tx: CatalogueReader,
  folder: FolderId,
  deletions: readonly Deletion[],
): readonly RelPath[] {
  const going = new Set(deletions.map(({ path }) => path))
  const isMoved = ({ hash }: Deletion): boolean =>
    hash !== null && tx.pathsOf(folder, hash, TWINS_MAX).some((path) => !going.has(path))
  return deletions.filter((deletion) => !isMoved(deletion)).map(({ path }) => path)
}
