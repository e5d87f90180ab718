/** One pass over the disk: what it has found so far, shared by the steps of it. */

import type { DirPath, RelPath } from '../../protocol/path.ts'
import type { CatalogueWriter, OwnRow } from '../catalogue-port.ts'
import type { FileOnDisk, SeenWithoutHash } from '../core/compare.ts'
import type { AbortOptions } from '../ports.ts'
import type { Folder } from './folder.ts'

/** Own rows that one page of a missing directory holds. */
const PAGE_ROWS = 4096

export interface Pass {
  readonly folder: Folder
  readonly o: AbortOptions
  readonly mark: number
  readonly scope: 'all' | ReadonlySet<DirPath>
  readonly toHash: FileOnDisk[]
  readonly missing: OwnRow[]
  readonly queue: DirPath[]
  readonly queued: Set<DirPath>
  /** Directories on the disk whose base says deleted: new only if something in them is not ignored, or nothing is in them. */
  readonly suspects: Map<RelPath, SeenWithoutHash>
  lostMount: RelPath | null
  /** Directories that are there, and of all that was known in them nothing is. */
  readonly emptied: Set<RelPath>
  rulesChanged: boolean
  /** What was found and is not told yet. */
  readonly early: { mayBeMoves: boolean; entries: number; bytes: number }
  directories: number
  files: number
  bytes: number
  changes: number
}

export function transact(pass: Pass, body: (tx: CatalogueWriter) => void): void {
  pass.folder.deps.catalogue.transact({ isDurable: false }, body)
}

/** Live own rows below a directory, parents first. */
export function liveBelow(tx: Pick<CatalogueWriter, 'ownLiveBelow'>, folder: Folder, directory: RelPath): OwnRow[] {
  const rows: OwnRow[] = []
  for (let after: RelPath | null = null; ; after = rows.at(-1)?.entry.path ?? null) {
    const page = tx.ownLiveBelow(folder.id, directory, after, PAGE_ROWS)
    rows.push(...page)
    if (page.length < PAGE_ROWS) return rows
  }
}
