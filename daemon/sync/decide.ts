/** Decide: a batch of dirty paths, what is known of each, and so the plan. Reads the catalogue; touches nothing. */

import type { Entry } from '../../protocol/entry.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import { parentOf } from '../../protocol/path.ts'
import type { CatalogueReader, DirtyPath, OwnRow } from '../catalogue-port.ts'
import { conflictCopy, conflictPath, originalOf } from '../core/conflict.ts'
import type { LocalFile, Plan, Target } from '../core/plan.ts'
import { plan } from '../core/plan.ts'
import type { Resolver, Verdict } from '../core/resolve.ts'
import { resolve } from '../core/resolve.ts'
import { structure } from '../core/structure.ts'
import type { Folder } from './folder.ts'
import { resolverOf } from './folder.ts'

/** Rows of one page when the children of a directory are looked through. */
const PAGE_ROWS = 512

export interface Decision {
  readonly plan: Plan
  /** Paths that already are what they should be. */
  readonly settled: readonly RelPath[]
  /** What lives on the disk and is to be deleted. */
  readonly deletes: readonly RelPath[]
}

/** What a batch of dirty paths asks for. Pure over one reading of the catalogue. */
export function decide(folder: Folder, batch: readonly DirtyPath[], landed: ReadonlySet<BlobHash>): Decision {
  return folder.deps.catalogue.read((tx) => {
    const resolver = resolverOf(folder)
    const verdicts = new Map<RelPath, Verdict>()
    for (const { path } of batch) verdicts.set(path, verdictOf(folder, tx, path, resolver))
    const settledVerdicts = structure(verdicts, surroundingsOf(folder, tx), resolver)
    const targets: Target[] = []
    const settled: RelPath[] = []
    for (const [path, verdict] of settledVerdicts) {
      if (verdict.kind === 'nothing') settled.push(...pending(folder, tx, path, targets))
      else targets.push(targetOf(folder, tx, path, verdict, resolver))
    }
    const means = { landed, localCopy: (hash: BlobHash) => localCopy(folder, tx, hash) }
    return { plan: plan(targets, means), settled, deletes: targets.filter(isDelete).map(({ entry }) => entry.path) }
  })
}

function verdictOf(folder: Folder, tx: CatalogueReader, path: RelPath, resolver: Resolver): Verdict {
  const own = tx.own(folder.id, path)?.entry
  const others = tx.others(folder.id, path).map(({ entry }) => entry)
  const isDirectory = (own ?? others[0])?.content.kind === 'directory'
  if (folder.rules.ignores(path, isDirectory)) return { kind: 'nothing', reason: 'up-to-date' }
  return resolve(own, others, resolver)
}

function surroundingsOf(folder: Folder, tx: CatalogueReader): Parameters<typeof structure>[1] {
  return {
    own: (path) => tx.own(folder.id, path)?.entry,
    others: (path) => tx.others(folder.id, path).map(({ entry }) => entry),
    liveBelow: (directory) => liveBelow(folder, tx, directory),
  }
}

function* liveBelow(folder: Folder, tx: CatalogueReader, directory: RelPath): Iterable<RelPath> {
  let after: RelPath | null = null
  for (;;) {
    const page: OwnRow[] = tx.ownLiveBelow(folder.id, directory, after, PAGE_ROWS)
    for (const row of page) yield row.entry.path
    if (page.length < PAGE_ROWS) return
    after = page.at(-1)?.entry.path ?? null
  }
}

/** Our own entry stands; but where its content should be on the disk and is not, it is to be fetched again. */
function pending(folder: Folder, tx: CatalogueReader, path: RelPath, targets: Target[]): RelPath[] {
  const own = tx.own(folder.id, path)
  const isPending = own?.fingerprint === null && own.entry.isHeld && own.entry.content.kind !== 'deleted'
  if (!isPending || folder.rules.ignores(path, own.entry.content.kind === 'directory')) return [path]
  targets.push({ entry: own.entry, own, reason: 'up-to-date', copies: [] })
  return []
}

function targetOf(
  folder: Folder,
  tx: CatalogueReader,
  path: RelPath,
  verdict: Exclude<Verdict, { kind: 'nothing' }>,
  resolver: Resolver,
): Target {
  const losers = verdict.kind === 'settle' ? verdict.losers : []
  return {
    entry: verdict.entry,
    own: tx.own(folder.id, path),
    reason: verdict.reason,
    copies: losers.flatMap((loser) => copyTarget(folder, tx, path, loser, resolver)),
  }
}

/** The conflict copy that a loser needs: resolved like any path, so that a deletion of the copy elsewhere stands. */
function copyTarget(folder: Folder, tx: CatalogueReader, path: RelPath, loser: Entry, resolver: Resolver): Target[] {
  const copyPath = conflictPath(path, loser, folder.deps.crypto)
  if (copyPath === undefined || hasCopy(folder, tx, path, loser)) return []
  const own = tx.own(folder.id, copyPath)
  const others = tx.others(folder.id, copyPath).map(({ entry }) => entry)
  const verdict = resolve(own?.entry, [...others, conflictCopy(copyPath, loser)], resolver)
  if (verdict.kind === 'nothing') return []
  return [{ entry: verdict.entry, own, reason: 'conflict-copy', copies: [] }]
}

/** Whether a live conflict copy of the same name has these bytes already. */
function hasCopy(folder: Folder, tx: CatalogueReader, path: RelPath, loser: Entry): boolean {
  if (loser.content.kind !== 'file') return false
  const { hash } = loser.content
  return tx.ownByHash(hash, PAGE_ROWS).some(({ folder: id, row }) => {
    const at = row.entry.path
    return id === folder.id && parentOf(at) === parentOf(path) && at !== path && originalOf(at) === path
  })
}

function localCopy(folder: Folder, tx: CatalogueReader, hash: BlobHash): LocalFile | undefined {
  const files = tx.ownByHash(hash, 8)
  const found = files.find((file) => file.folder === folder.id) ?? files[0]
  if (found?.row.fingerprint == null) return undefined
  return { folder: found.folder, path: found.row.entry.path, fingerprint: found.row.fingerprint }
}

function isDelete({ own, entry }: Target): boolean {
  return entry.content.kind === 'deleted' && own?.fingerprint != null
}
