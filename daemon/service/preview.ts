/** What accepting a folder into a directory would do, file by file. Changes nothing. */

import type { Preview } from '../../protocol/api/folders.ts'
import type { Entry } from '../../protocol/entry.ts'
import { formatConflictPolicy } from '../../protocol/folder-options.ts'
import type { FolderMode } from '../../protocol/group.ts'
import { ROOT, pathFault } from '../../protocol/path.ts'
import type { RelPath } from '../../protocol/path.ts'
import { isLopsided } from '../core/guard.ts'
import { best, undominated } from '../core/resolve.ts'
import { policyOf } from './folder-choices.ts'
import type { PathFacts, ServiceParts } from './parts.ts'
import type { KnownFolder } from './refs.ts'
import type { WaitOptions } from './waiting.ts'
import { waitUntil } from './waiting.ts'

const PAGE_PATHS = 4096

interface Amount {
  files: number
  bytes: number
}

export async function preview(
  parts: ServiceParts,
  known: KnownFolder,
  path: string,
  facts: PathFacts,
  o: WaitOptions & { readonly mode: FolderMode },
): Promise<Preview> {
  const complete = parts.sync.engine.follow(known.id)
  const isComplete = await waitUntil(parts, () => complete.size > 0, o)
  const offered = offeredFiles(parts, known)
  const same = none()
  const onlyHere = none()
  const deletedThere = none()
  const different = none()
  if (facts.exists && !facts.isEmpty) {
    for await (const file of parts.machine.localFiles(facts.realPath, o)) {
      const entry = offered.get(file.path)
      if (entry === undefined) {
        add(onlyHere, file.sizeBytes)
        if (isDeletedThere(parts, known, file.path)) add(deletedThere, file.sizeBytes)
      } else if (entry.content.kind === 'file' && entry.content.hash === file.hash) add(same, file.sizeBytes)
      else add(different, file.sizeBytes)
      offered.delete(file.path)
    }
  }
  const onlyThere = none()
  for (const { content } of offered.values()) if (content.kind === 'file') add(onlyThere, content.sizeBytes)
  const { exists, isEmpty, freeBytes } = facts
  const needsConfirm = exists && !isEmpty && facts.marker !== known.id
  return {
    folder: known.id,
    name: known.name,
    path,
    exists,
    isEmpty,
    mode: o.mode,
    conflictPolicy: formatConflictPolicy(policyOf(parts, known.id)),
    same,
    onlyHere,
    deletedThere,
    onlyThere,
    different,
    isLopsided:
      exists &&
      !isEmpty &&
      isLopsided(same.files + onlyHere.files + different.files, same.files + onlyThere.files + different.files),
    freeBytes,
    needsConfirm,
    isComplete,
  }
}

const none = (): Amount => ({ files: 0, bytes: 0 })

function add(amount: Amount, bytes: number): void {
  amount.files += 1
  amount.bytes += bytes
}

/** The winner of what the others say of a path; what no folder can hold nobody says anything of. */
function isDeletedThere({ deps }: ServiceParts, { id }: KnownFolder, path: string): boolean {
  if (pathFault(path) !== undefined) return false
  const entries = deps.catalogue.read((tx) => tx.others(id, path as RelPath)).map(({ entry }) => entry)
  return best(undominated(entries))?.content.kind === 'deleted'
}

/** What the others hold, as far as it is known. */
export function offeredBytes(parts: ServiceParts, known: KnownFolder): number {
  const files = [...offeredFiles(parts, known).values()]
  return files.reduce((sum, { content }) => sum + (content.kind === 'file' ? content.sizeBytes : 0), 0)
}

/** What the others would have this device hold: the winner of each path that is a file or link. */
function offeredFiles({ deps }: ServiceParts, { id }: KnownFolder): Map<string, Entry> {
  const files = new Map<string, Entry>()
  for (let after: RelPath | null = null; ;) {
    const page: RelPath[] = deps.catalogue.read((tx) => tx.livePaths(id, ROOT, after, PAGE_PATHS))
    for (const path of page) {
      const entries = deps.catalogue.read((tx) => tx.others(id, path)).map(({ entry }) => entry)
      const winner = best(undominated(entries))
      if (winner !== undefined && winner.content.kind !== 'deleted' && winner.content.kind !== 'directory')
        files.set(path, winner)
    }
    if (page.length < PAGE_PATHS) return files
    after = page.at(-1) ?? null
  }
}
