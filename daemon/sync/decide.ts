/** Decide: a batch of dirty paths, what is known of each, and so the plan. Reads the catalogue; touches nothing. */

import type { Entry } from '../../protocol/entry.ts'
import type { ConflictPolicy } from '../../protocol/folder-options.ts'
import type { BlobHash, FolderId } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import { parentOf } from '../../protocol/path.ts'
import { compareVectors } from '../../protocol/vector.ts'
import type { CatalogueReader, DirtyPath, OwnRow } from '../catalogue-port.ts'
import { conflictCopy, conflictPath, originalOf } from '../core/conflict.ts'
import type { Unholdable } from '../core/holdable.ts'
import type { LocalFile, Means, Plan, Target } from '../core/plan.ts'
import { plan } from '../core/plan.ts'
import type { Resolver, Verdict } from '../core/resolve.ts'
import { presentOf, unsaid } from '../core/local.ts'
import { follow, insist, resolve } from '../core/resolve.ts'
import { leaveOut } from '../core/selection.ts'
import type { Settled } from '../core/structure.ts'
import { structure } from '../core/structure.ts'
import { damageAt } from './damage.ts'
import { withoutBlocked } from './blocked.ts'
import { deletionOf } from './deletions.ts'
import type { Deletion } from './deletions.ts'
import type { Folder } from './folder.ts'
import { wished } from './wish.ts'
import { isLeftOut, resolverOf } from './folder.ts'

/** Rows of one page when the children of a directory are looked through. */
const PAGE_ROWS = 512

export interface Decision {
  readonly plan: Plan
  /** What the plan is made of. */
  readonly targets: readonly Target[]
  /** Paths that already are what they should be. */
  readonly settled: readonly RelPath[]
  /** What lives on the disk and is to be deleted. */
  readonly deletes: readonly Deletion[]
  /** What this root cannot hold. */
  readonly blocked: ReadonlyMap<RelPath, Unholdable>
}

/** What a batch of dirty paths asks for. Pure over one reading of the catalogue. */
export function decide(folder: Folder, batch: readonly DirtyPath[], landed: ReadonlySet<BlobHash>): Decision {
  return folder.deps.catalogue.read((tx) => {
    const look = createLook(folder, tx)
    const verdicts = new Map<RelPath, Verdict>()
    for (const { path } of batch) verdicts.set(path, verdictOf(look, path))
    const settledVerdicts = structure(verdicts, surroundingsOf(look), look.resolver)
    const targets: Target[] = []
    const later: RelPath[] = []
    const settled: RelPath[] = []
    for (const [path, verdict] of settledVerdicts) {
      if (verdict.kind === 'wait') later.push(path)
      else if (verdict.kind === 'nothing') settled.push(...pending(look, path, targets))
      else if (isLocal(look, path, verdict)) settled.push(path)
      else targets.push(targetOf(look, path, verdict))
    }
    const sorted = withoutBlocked(folder, tx, targets)
    const deletes = targets.flatMap((target) => (isDelete(target) ? [deletionOf(target.own.entry)] : []))
    const planned = plan(sorted.targets, meansOf(folder, tx, landed))
    const withLater = { ...planned, later: [...planned.later, ...later] }
    return { plan: withLater, targets: sorted.targets, settled, deletes, blocked: sorted.blocked }
  })
}

/** The plan of what was decided before. */
export function planAgain(folder: Folder, targets: readonly Target[]): Plan {
  return folder.deps.catalogue.read((tx) => plan(targets, meansOf(folder, tx, folder.landed)))
}

function meansOf(folder: Folder, tx: CatalogueReader, landed: ReadonlySet<BlobHash>): Means {
  const damaged = damagedPaths(folder, tx)
  return { landed, damaged, localCopy: (hash) => localCopy(folder, tx, hash, damaged) }
}

/** What is decided of one path, as the next pass would, and why. */
export function verdictAt(folder: Folder, path: RelPath): Settled {
  return folder.deps.catalogue.read((tx) => {
    const look = createLook(folder, tx)
    const alone = verdictOf(look, path)
    return structure(new Map([[path, alone]]), surroundingsOf(look), look.resolver).get(path) ?? alone
  })
}

/** One reading of the catalogue, in which each path is looked up once. */
interface Look {
  readonly folder: Folder
  readonly tx: CatalogueReader
  readonly resolver: Resolver
  readonly policy: ConflictPolicy
  own(path: RelPath): OwnRow | undefined
  others(path: RelPath): readonly Entry[]
}

function createLook(folder: Folder, tx: CatalogueReader): Look {
  return { folder, tx, resolver: resolverOf(folder), policy: folder.policy(), ...remembered(folder, tx) }
}

function remembered(folder: Folder, tx: CatalogueReader): Pick<Look, 'own' | 'others'> {
  const rows = new Map<RelPath, OwnRow | null>()
  const entries = new Map<RelPath, readonly Entry[]>()
  return {
    own: (path) => {
      const known = rows.get(path)
      if (known !== undefined) return known ?? undefined
      const row = tx.own(folder.id, path)
      rows.set(path, row ?? null)
      return row
    },
    others: (path) => {
      const known = entries.get(path) ?? tx.others(folder.id, path).map(({ entry }) => entry)
      entries.set(path, known)
      return known
    },
  }
}

function verdictOf({ folder, own, others, resolver, policy }: Look, path: RelPath): Verdict {
  const ours = own(path)?.entry
  const theirs = others(path)
  const isDirectory = (ours ?? theirs[0])?.content.kind === 'directory'
  if (folder.rules.ignores(path, isDirectory)) return { kind: 'nothing', reason: 'up-to-date' }
  if (folder.selection.leavesOut(path, isDirectory)) return leaveOut(ours, theirs, resolver)
  const chosen = wished(folder, path, ours, theirs, resolver)
  if (chosen !== undefined) return chosen
  switch (folder.mode) {
    case 'send-receive':
      return resolve(ours, theirs, resolver, policy)
    case 'send-only':
      return insist(ours, theirs, resolver)
    case 'receive-only':
    case 'receive-archive':
      return follow(ours, theirs)
  }
}

/** The group says what it said when something was changed here: that stays until somebody changes one of both. */
function isLocal({ own }: Look, path: RelPath, { entry }: Exclude<Verdict, { kind: 'nothing' }>): boolean {
  const row = own(path)
  if (row?.local === undefined || row.local.isUnwanted) return false
  return compareVectors(entry.version, row.entry.version) === 'equal'
}

function surroundingsOf(look: Look): Parameters<typeof structure>[1] {
  const { folder, tx, own, others } = look
  return {
    own: (path) => own(path)?.entry,
    others,
    verdict: (path) => verdictOf(look, path),
    mayMint: folder.mode === 'send-receive',
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
function pending({ folder, tx, own }: Look, path: RelPath, targets: Target[]): RelPath[] {
  const row = own(path)
  if (row === undefined || isLeftOut(folder, path, row.entry.content.kind === 'directory')) return [path]
  // What was only here, or what an archive kept, is to go.
  if (row.local?.isUnwanted === true) {
    targets.push({ entry: row.entry, own: row, reason: 'reverted', copies: [] })
    return []
  }
  const isDamaged = damageAt(folder, tx, path)?.isToRepair === true
  const isAbsent = row.fingerprint === null && row.entry.isHeld && row.entry.content.kind !== 'deleted'
  if (!isAbsent && !isDamaged) return [path]
  targets.push({ entry: row.entry, own: row, reason: isDamaged ? 'damaged' : 'up-to-date', copies: [] })
  return []
}

function targetOf(look: Look, path: RelPath, verdict: Exclude<Verdict, { kind: 'nothing' }>): Target {
  const losers = verdict.kind === 'settle' ? verdict.losers : []
  const own = look.own(path)
  const reason = own?.local?.isUnwanted === true ? 'reverted' : verdict.reason
  const target = {
    entry: verdict.entry,
    own,
    reason,
    copies: losers.flatMap((loser) => copyTarget(look, path, loser)),
  }
  return look.folder.mode === 'receive-archive' && reason !== 'reverted' ? archived(look, target) : target
}

/** An archive keeps what others delete; and a file of its own that a directory pushes aside goes beside it. */
function archived(look: Look, target: Target): Target {
  const { own, entry } = target
  const present = presentOf(own)
  if (own === undefined || present === undefined) return target
  const local = own.local ?? {
    content: own.entry.content,
    mtimeMs: own.entry.mtimeMs,
    fingerprint: present.fingerprint,
    isUnwanted: false,
    isOnlyHere: false,
  }
  if (entry.content.kind === 'deleted') return { ...target, reason: 'archived', local }
  const isPushed = entry.content.kind === 'directory' && own.local !== undefined && local.content.kind !== 'directory'
  if (!isPushed) return target
  const { crypto, signer } = look.folder.deps
  const { content, mtimeMs } = local
  const aside = conflictPath(entry.path, { content, t: mtimeMs, modBy: signer.device }, crypto)
  if (aside === undefined || presentOf(look.own(aside)) !== undefined) return target
  const copy: Target = {
    entry: unsaid(aside, signer.device),
    own: look.own(aside),
    reason: 'archived',
    copies: [],
    local: { ...local, isOnlyHere: true },
  }
  return { ...target, copies: [copy] }
}

/**
 * The conflict copy that a loser needs: resolved like any path, so that a deletion of the copy elsewhere stands, and that what a
 * person wrote under just that name gets a copy of its own.
 */
function copyTarget(look: Look, path: RelPath, loser: Entry): Target[] {
  const { folder, tx, resolver } = look
  const copyPath = conflictPath(path, loser, folder.deps.crypto)
  if (copyPath === undefined || hasCopy(folder, tx, path, loser)) return []
  const own = look.own(copyPath)
  const verdict = resolve(own?.entry, [...look.others(copyPath), conflictCopy(copyPath, loser)], resolver)
  if (verdict.kind === 'nothing') return []
  return [{ ...targetOf(look, copyPath, verdict), reason: 'conflict-copy' }]
}

/** Whether a live conflict copy of the same name has these bytes already. */
function hasCopy(folder: Folder, tx: CatalogueReader, path: RelPath, loser: Entry): boolean {
  if (loser.content.kind !== 'file') return false
  const { hash } = loser.content
  return tx.ownByHash(hash, PAGE_ROWS).some(({ folder: id, row }) => {
    const at = row.entry.path
    if (damageAt(folder, tx, at) !== undefined) return false
    return id === folder.id && parentOf(at) === parentOf(path) && at !== path && originalOf(at) === path
  })
}

/** Paths whose files are known to be damaged, whether they are to be repaired or not. */
function damagedPaths(folder: Folder, tx: CatalogueReader): ReadonlySet<RelPath> {
  return new Set([...folder.damaged.keys()].filter((path) => damageAt(folder, tx, path) !== undefined))
}

function localCopy(
  folder: Folder,
  tx: CatalogueReader,
  hash: BlobHash,
  damaged: ReadonlySet<RelPath>,
): LocalFile | undefined {
  const isSound = (file: { folder: FolderId; row: OwnRow }): boolean =>
    file.folder !== folder.id || !damaged.has(file.row.entry.path)
  const files = tx.ownByHash(hash, 8 + damaged.size).filter(isSound)
  const found = files.find((file) => file.folder === folder.id) ?? files[0]
  if (found?.row.fingerprint == null) return undefined
  return { folder: found.folder, path: found.row.entry.path, fingerprint: found.row.fingerprint }
}

/** What an archive keeps does not go. */
function isDelete(target: Target): target is Target & { readonly own: OwnRow } {
  return target.entry.content.kind === 'deleted' && target.local === undefined && target.own?.fingerprint != null
}
