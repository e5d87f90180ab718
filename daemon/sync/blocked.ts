/** Targets that this root cannot hold are taken out of a plan; what stands in their way is looked at again each time. */

import type { DirPath, RelPath } from '../../protocol/path.ts'
import { ROOT, ancestorsOf, nameOf, parentOf } from '../../protocol/path.ts'
import type { CatalogueReader } from '../catalogue-port.ts'
import type { Names, Unholdable } from '../core/holdable.ts'
import { clashOf, foldName, leadsAway, unholdable } from '../core/holdable.ts'
import type { Target } from '../core/plan.ts'
import type { DirectoryListing, DiskEntry } from '../ports.ts'
import type { Folder, Problem } from './folder.ts'
import { isLeftOut } from './folder.ts'
import { unholdableSentence } from './problem-sentences.ts'

export interface Sorted {
  readonly targets: readonly Target[]
  readonly blocked: ReadonlyMap<RelPath, Unholdable>
}

/** A path is blocked with its conflict copies, or nobody would keep the loser. Of two new names that clash, the smaller goes first. */
export function withoutBlocked(folder: Folder, tx: CatalogueReader, targets: readonly Target[]): Sorted {
  const blocked = new Map<RelPath, Unholdable>()
  const names = folder.tree.traits.caseSensitive ? undefined : namesOf(folder, tx, targets)
  const inOrder = targets.toSorted((a, b) => (a.entry.path < b.entry.path ? -1 : 1))
  for (const target of inOrder) {
    const fault = faultOf(folder, target, names)
    if (fault !== undefined) blocked.set(target.entry.path, fault)
    else if (isNew(target)) names?.take(target.entry.path)
  }
  return { targets: targets.filter(({ entry }) => !blocked.has(entry.path)), blocked }
}

function faultOf(folder: Folder, target: Target, names: Names | undefined): Unholdable | undefined {
  const { entry, copies } = target
  if (isNew(target)) {
    const fault = unholdable(entry.path, entry.content, folder.tree.traits, folder)
    if (fault !== undefined) return fault
    const by = names === undefined ? undefined : clashOf(entry.path, names)
    if (by !== undefined) return { code: 'case-clash', by }
  }
  for (const copy of copies) {
    const fault = faultOf(folder, copy, names)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Whether something comes to the disk that was not there, under that name or of that kind. */
function isNew({ entry, own }: Target): boolean {
  if (entry.content.kind === 'deleted' || !entry.isHeld) return false
  const isThere = own?.fingerprint != null && own.entry.content.kind !== 'deleted'
  return !isThere || (entry.content.kind === 'symlink' && own.entry.content !== entry.content)
}

interface TakenNames extends Names {
  take(path: RelPath): void
}

/** What lives here and is not about to go, and what comes. Each directory is read once. */
function namesOf(folder: Folder, tx: CatalogueReader, targets: readonly Target[]): TakenNames {
  const going = new Set(targets.filter(({ entry }) => entry.content.kind === 'deleted').map(({ entry }) => entry.path))
  const directories = new Map<DirPath, Map<string, RelPath>>()
  const taken = (directory: DirPath): Map<string, RelPath> => {
    const known = directories.get(directory)
    if (known !== undefined) return known
    const names = new Map<string, RelPath>()
    for (const name of tx.ownNames(folder.id, directory)) {
      const path = (directory === ROOT ? name : `${directory}/${name}`) as RelPath
      if (!going.has(path)) names.set(foldName(name), path)
    }
    directories.set(directory, names)
    return names
  }
  const take = (path: RelPath): void => {
    for (const each of [path, ...ancestorsOf(path)]) taken(parentOf(each)).set(foldName(nameOf(each)), each)
  }
  return { taken, take }
}

/** What came of a batch: its paths are blocked now, or no longer. */
export function noteBlocked(folder: Folder, paths: Iterable<RelPath>, blocked: ReadonlyMap<RelPath, Unholdable>): void {
  for (const path of paths) {
    const fault = blocked.get(path)
    if (fault === undefined) folder.blocked.delete(path)
    else {
      const by = fault.code === 'case-clash' ? fault.by : null
      folder.blocked.set(path, { by, problem: { path, code: fault.code, sentence: unholdableSentence(fault) } })
    }
  }
}

/** What stood in the way of these is gone: they are resolved again. */
export function unblock(folder: Folder): void {
  if (folder.blocked.size === 0) return
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    const free = [...folder.blocked].filter(([, { by }]) => by !== null && tx.own(folder.id, by)?.fingerprint == null)
    tx.markDirty(
      folder.id,
      free.map(([path]) => path),
    )
  })
}

// ---- What is on the disk, and is refused.

/** Whether it is a link that leads out of the folder; where that is not allowed, it is neither sent nor taken. */
export function isLinkAway({ allowsLinksAway }: Folder, disk: DiskEntry): boolean {
  return !allowsLinksAway && disk.kind === 'symlink' && leadsAway(disk.path, disk.target)
}

export function linksAway(folder: Folder, { entries }: DirectoryListing): Problem[] {
  const sentence = unholdableSentence({ code: 'link-away' })
  return entries.flatMap((disk) => {
    const isListed = disk.kind === 'symlink' && isLinkAway(folder, disk) && !isLeftOut(folder, disk.path, false)
    return isListed ? [{ path: disk.path, code: 'link-away', sentence }] : []
  })
}
