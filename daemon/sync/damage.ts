/** Files that were found damaged: noted, fetched again where that is wanted, forgotten once they are another file. */

import type { RelPath } from '../../protocol/path.ts'
import type { CatalogueReader, OwnRow } from '../catalogue-port.ts'
import type { LocalFile } from '../core/plan.ts'
import type { Damage } from '../core/scrub.ts'
import { isStillDamaged } from '../core/scrub.ts'
import type { Folder, Problem } from './folder.ts'

/** Damaged files that a folder keeps in mind: a disk that loses more is lost. */
const DAMAGED_MAX = 10_000

export type DamageEvent =
  | { readonly kind: 'found'; readonly path: RelPath; readonly problem: Problem }
  /** The bytes are there again. */
  | { readonly kind: 'repaired'; readonly path: RelPath }
  /** The file was edited, replaced or deleted. */
  | { readonly kind: 'gone'; readonly path: RelPath }

/** The row's file is damaged. Where it is to be repaired, the path is resolved again: its bytes are fetched like any others. */
export function noteDamage(folder: Folder, row: OwnRow, kind: Damage['kind'], isToRepair: boolean): void {
  const { path, content } = row.entry
  if (content.kind !== 'file' || row.fingerprint === null) return
  const known = folder.damaged.get(path)
  const isKnown = known?.kind === kind && isStillDamaged(known, row)
  if (!isKnown && folder.damaged.size >= DAMAGED_MAX) return
  const isWanted = isToRepair || (isKnown && known.isToRepair)
  if (isKnown && known.isToRepair === isWanted) return
  const { fingerprint } = row
  const { hash, sizeBytes } = content
  folder.damaged.set(path, { kind, fingerprint, hash, sizeBytes, isToRepair: isWanted })
  folder.scrub.isUnsaved = true
  if (!isKnown) {
    folder.deps.log.event('file.damaged', { folder: folder.id, damage: kind })
    folder.damageEvents.push({ kind: 'found', path, problem: problemOf(folder, path) })
  }
  if (isWanted) wantRepaired(folder, [path])
}

function wantRepaired(folder: Folder, paths: readonly RelPath[]): void {
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => tx.markDirty(folder.id, paths))
  folder.toResolve.raise()
}

/** All that is known to be damaged is to be fetched again, what the disk cannot read, too. */
export function repairAll(folder: Folder): void {
  for (const [path, damage] of folder.damaged) folder.damaged.set(path, { ...damage, isToRepair: true })
  folder.scrub.isUnsaved = true
  wantRepaired(folder, [...folder.damaged.keys()])
}

/** The file at the path was read, and is as it should be. */
export function noteSound(folder: Folder, path: RelPath): void {
  if (!folder.damaged.delete(path)) return
  folder.scrub.isUnsaved = true
  folder.damageEvents.push({ kind: 'gone', path })
}

/** Whether the file at a path is known to be damaged, as the catalogue has it now. */
export function damageAt(folder: Folder, tx: Pick<CatalogueReader, 'own'>, path: RelPath): Damage | undefined {
  const damage = folder.damaged.get(path)
  return isStillDamaged(damage, damage && tx.own(folder.id, path)) ? damage : undefined
}

/** Forgets what is another file now. Cheap: nearly always there is nothing to look at. */
export function settleDamage(folder: Folder): void {
  if (folder.damaged.size === 0) return
  const over = folder.deps.catalogue.read((tx) =>
    [...folder.damaged].flatMap(([path, damage]) => {
      const row = tx.own(folder.id, path)
      if (isStillDamaged(damage, row)) return []
      const content = row?.entry.content
      const isThere = row !== undefined && row.fingerprint !== null
      const isRepaired = isThere && content?.kind === 'file' && content.hash === damage.hash
      return [{ path, isRepaired }]
    }),
  )
  for (const { path, isRepaired } of over) {
    folder.damaged.delete(path)
    folder.scrub.isUnsaved = true
    if (isRepaired) folder.scrub.repaired += 1
    folder.damageEvents.push({ kind: isRepaired ? 'repaired' : 'gone', path })
    if (isRepaired) folder.deps.log.event('file.repaired', { folder: folder.id })
  }
}

/** What a person is told of a damaged path. */
export function problemOf(folder: Folder, path: RelPath): Problem {
  const damage = folder.damaged.get(path)
  const what =
    damage?.kind === 'unreadable'
      ? 'The disk cannot read this file any more.'
      : 'The bytes of this file have changed although nothing wrote to it: the disk is losing data.'
  const next = damage?.isToRepair === true ? REPAIRING : 'Run `holt verify --repair` to fetch it from another device.'
  return { path, code: 'damaged', sentence: `${what} It is sent to nobody. ${next}` }
}

const REPAIRING =
  'It is fetched again as soon as a device that holds it is online; until then it stays where it is. What is there now will be kept in .holt/versions.'

/** What could not be copied is not what it was; if nothing wrote to it, other devices are asked for it next time. */
export function suspect(folder: Folder, from: LocalFile): void {
  if (from.folder !== folder.id) return
  folder.scrub.suspects.add(from.path)
  folder.toScrub.raise()
}
