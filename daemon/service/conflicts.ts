/** Conflicts as a person sees them: which contents there are, whose they are, and which of them is to stay. */

import type {
  Conflict,
  ConflictPage,
  ConflictVersion,
  ConflictsQuery,
  ResolveConflict,
  ResolvedConflict,
} from '../../protocol/api/entries.ts'
import type { Entry } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { CatalogueReader } from '../catalogue-port.ts'
import { originalOf } from '../core/conflict.ts'
import { best, undominated } from '../core/resolve.ts'
import { ServiceError } from '../http/service.ts'
import type { AbortOptions } from '../ports.ts'
import { verdictAt } from '../sync/decide.ts'
import type { Folder } from '../sync/folder.ts'
import { wish } from '../sync/wish.ts'
import { policyOf } from './folder-choices.ts'
import { locate } from './located.ts'
import type { ServiceParts } from './parts.ts'
import { folderOf, knownFolders } from './refs.ts'
import type { KnownFolder } from './refs.ts'
import { waitUntil } from './waiting.ts'

/** Conflicts of one folder that are looked at. */
const CONFLICTS_MAX = 10_000
const PAGE_PATHS = 1024
/** How long a choice is waited for, in milliseconds. */
const RESOLVED_MS_MAX = 5000

export function listConflicts(parts: ServiceParts, query: ConflictsQuery): ConflictPage {
  const folders = query.folder === undefined ? knownFolders(parts) : [folderOf(parts, query.folder)]
  const all = folders.flatMap((known) => conflictsOf(parts, known))
  const keyOf = ({ folder, path }: Conflict): string => `${folder}/${path}`
  const after = query.after
  const rest = after === undefined ? all : all.filter((conflict) => keyOf(conflict) > after)
  rest.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const conflicts = rest.slice(0, query.limit)
  const last = conflicts.at(-1)
  return { conflicts, next: rest.length > conflicts.length && last !== undefined ? keyOf(last) : null }
}

/** How many there are, at most `limit`. */
export function countConflicts(parts: ServiceParts, known: KnownFolder, limit: number): number {
  return parts.deps.catalogue.read((tx) => {
    const copies = tx.conflictCopies(known.id, limit).length
    return Math.min(limit, copies + [...undecidedPaths(parts, tx, known, limit)].length)
  })
}

function conflictsOf(parts: ServiceParts, known: KnownFolder): Conflict[] {
  return parts.deps.catalogue.read((tx) => [
    ...tx.conflictCopies(known.id, CONFLICTS_MAX).map(({ entry }) => copyConflict(parts, tx, known, entry)),
    ...[...undecidedPaths(parts, tx, known, CONFLICTS_MAX)].map((path) => undecidedConflict(parts, tx, known, path)),
  ])
}

function copyConflict(parts: ServiceParts, tx: CatalogueReader, known: KnownFolder, copy: Entry): Conflict {
  const original = originalOf(copy.path)
  const row = original === undefined ? undefined : tx.own(known.id, original)
  const kept = row?.fingerprint != null ? row.entry : undefined
  const isMine = copy.modBy === parts.transport.self && kept?.modBy !== parts.transport.self
  const versions = [
    ...(kept === undefined ? [] : [toVersion(parts, kept, isMine ? 'theirs' : 'mine', kept.path)]),
    toVersion(parts, copy, isMine ? 'mine' : 'theirs', copy.path),
  ]
  return toConflict(parts, known, 'copy', copy, kept?.path ?? null, versions)
}

function undecidedConflict(parts: ServiceParts, tx: CatalogueReader, known: KnownFolder, path: RelPath): Conflict {
  const own = tx.own(known.id, path)?.entry
  const others = tx.others(known.id, path).map(({ entry }) => entry)
  const all = own === undefined ? others : [own, ...others]
  const theirs = best(undominated(all).filter((entry) => entry !== own))
  const versions = [
    ...(own === undefined ? [] : [toVersion(parts, own, 'mine', path)]),
    ...(theirs === undefined ? [] : [toVersion(parts, theirs, 'theirs', null)]),
  ]
  const shown = theirs ?? own
  if (shown === undefined) throw new Error(`nothing is known of ${path}`)
  return toConflict(parts, known, 'undecided', shown, path, versions)
}

function toConflict(
  parts: ServiceParts,
  known: KnownFolder,
  kind: Conflict['kind'],
  entry: Entry,
  original: string | null,
  versions: readonly ConflictVersion[],
): Conflict {
  const { sizeBytes, changedMs, modBy, modByName } = toVersion(parts, entry, 'theirs', null)
  return {
    folder: known.id,
    folderName: known.name,
    kind,
    path: entry.path,
    original,
    sizeBytes,
    changedMs,
    modBy,
    modByName,
    versions: versions.toSorted((a, b) => (a.side < b.side ? -1 : 1)),
  }
}

function toVersion(
  { groupLog }: ServiceParts,
  { content, t, modBy }: Entry,
  side: ConflictVersion['side'],
  path: string | null,
): ConflictVersion {
  return {
    side,
    path,
    kind: content.kind === 'symlink' ? 'symlink' : 'file',
    sizeBytes: content.kind === 'file' ? content.sizeBytes : 0,
    changedMs: t,
    modBy,
    modByName: groupLog.state.names.get(modBy) ?? null,
  }
}

/** Paths of which every device keeps its own content. */
function* undecidedPaths(
  parts: ServiceParts,
  tx: CatalogueReader,
  { id, held }: KnownFolder,
  limit: number,
): Iterable<RelPath> {
  const folder = held?.folder
  if (folder === undefined || policyOf(parts, id).kind !== 'manual') return
  let count = 0
  for (let after: RelPath | null = null; ;) {
    const page: RelPath[] = tx.disputed(id, after, PAGE_PATHS)
    for (const path of page) {
      if (!isUndecided(folder, path)) continue
      count += 1
      if (count > limit) return
      yield path
    }
    if (page.length < PAGE_PATHS) return
    after = page.at(-1) ?? null
  }
}

/** Also while what a person chose waits for its bytes. */
function isUndecided(folder: Folder, path: RelPath): boolean {
  return folder.wishes.has(path) || verdictAt(folder, path).reason === 'conflict-waits'
}

// ---- Choosing.

/** @throws ServiceError */
export async function resolveConflict(
  parts: ServiceParts,
  { path: named, keep }: ResolveConflict,
  o: AbortOptions,
): Promise<ResolvedConflict> {
  const { known, path } = await locate(parts, named)
  const { folder, settings } = known.held
  if (settings.mode !== 'send-receive')
    throw new ServiceError(
      'wrong-mode',
      `"${known.name}" is ${settings.mode} here: choose on a device that sends and receives.`,
    )
  const conflict = path === undefined ? undefined : findConflict(parts, known, path)
  if (folder === undefined || path === undefined || conflict === undefined)
    throw new ServiceError('no-conflict', `${named} is in no conflict.`)
  choose(parts, folder, conflict, keep)
  const isDone = await waitUntil(parts, () => isSettled(folder, conflict), { ...o, waitMs: RESOLVED_MS_MAX })
  return { folder: known.id, folderName: known.name, path: conflict.path, isDone }
}

/** Asked often: looks at the one path only. */
function isSettled(folder: Folder, { kind, path: text }: Conflict): boolean {
  const path = text as RelPath
  if (kind === 'undecided') return !isUndecided(folder, path)
  const entry = folder.deps.catalogue.read((tx) => tx.own(folder.id, path)?.entry)
  return entry?.isConflictCopy !== true || entry.content.kind === 'deleted'
}

/** The conflict of a file or of its copy. @throws ServiceError `ambiguous-name` where a file has several copies */
function findConflict(parts: ServiceParts, known: KnownFolder, path: RelPath): Conflict | undefined {
  const all = conflictsOf(parts, known)
  const exact = all.find((conflict) => conflict.path === path)
  if (exact !== undefined) return exact
  const copies = all.filter(({ original }) => original === path)
  if (copies.length > 1) {
    const names = copies.map((copy) => copy.path).join(', ')
    throw new ServiceError('ambiguous-name', `${path} has ${copies.length} conflict copies: ${names}.`, {
      nextStep: 'Name one of the copies instead of the file.',
    })
  }
  return copies[0]
}

function choose(parts: ServiceParts, folder: Folder, conflict: Conflict, keep: ResolveConflict['keep']): void {
  const path = conflict.path as RelPath
  const original = conflict.original as RelPath | null
  const { own, others } = parts.deps.catalogue.read((tx) => ({
    own: tx.own(folder.id, path)?.entry,
    others: tx.others(folder.id, path).map(({ entry }) => entry),
  }))
  if (conflict.kind === 'undecided') {
    const theirs = best(undominated([...(own === undefined ? [] : [own]), ...others]).filter((entry) => entry !== own))
    const chosen = keep === 'both' ? 'both' : keep === 'mine' ? own : theirs
    if (chosen !== undefined) wish(folder, path, chosen)
    return
  }
  if (own === undefined) return
  if (keep === 'both' || original === null) {
    wish(folder, path, { ...own, isConflictCopy: false })
    return
  }
  const side = conflict.versions.find((version) => version.path === path)?.side
  if (keep === side) wish(folder, original, { ...own, path: original, isConflictCopy: false })
  const nowMs = parts.deps.clock.wallMs()
  wish(folder, path, {
    ...own,
    content: { kind: 'deleted' },
    mtimeMs: nowMs,
    modBy: parts.transport.self,
    t: Math.max(own.t + 1, nowMs),
    isConflictCopy: false,
    extra: [],
  })
}
