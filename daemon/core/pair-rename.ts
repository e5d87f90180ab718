/**
 * Renames in the modes that never delete: the old name goes, because its bytes have the new one. In the other modes a rename is a
 * deletion and a creation, and follows from the table by itself.
 */

import type { BlobHash } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { Side } from '../pair-port.ts'
import type { DecisionRun } from './pair-decide.ts'
import { AS_IS, NOTHING, directoriesAbove, otherSide, wantedItem } from './pair-decision.ts'

/** The side that keeps what the other deletes, in the modes that never delete. */
export function keeperOf(mode: DecisionRun['policy']['mode']): Side | undefined {
  if (mode === 'source-backup') return 'destination'
  return mode === 'destination-backup' ? 'source' : undefined
}

export function followRenames(run: DecisionRun): void {
  const keeper = keeperOf(run.policy.mode)
  if (keeper === undefined) return
  const arriving = arrivingFiles(run, keeper)
  if (arriving.size === 0) return
  const emptied = new Set<RelPath>()
  for (const { path } of [...run.byPath.values()]) {
    if (!isGoneElsewhere(run, keeper, path)) continue
    const item = run.views[keeper].get(path)
    if (item?.kind !== 'file' || item.hash === null) continue
    if (arriving.get(item.hash)?.pop() === undefined) continue
    dropHere(run, keeper, path)
    for (const directory of directoriesAbove(path)) emptied.add(directory)
  }
  dropEmptied(run, keeper, emptied)
}

/** New files that the keeper is to get, by their bytes. */
function arrivingFiles({ views, byPath }: DecisionRun, keeper: Side): Map<BlobHash, RelPath[]> {
  const arriving = new Map<BlobHash, RelPath[]>()
  for (const decision of byPath.values()) {
    const wanted = decision[keeper]
    if (wanted.kind !== 'item' || wanted.item.kind !== 'file' || wanted.item.hash === null) continue
    if (views[keeper].has(decision.path) || views.base.has(decision.path)) continue
    arriving.set(wanted.item.hash, [...(arriving.get(wanted.item.hash) ?? []), decision.path])
  }
  return arriving
}

/** The keeper has it as both sides had it, and the other has deleted it. */
function isGoneElsewhere({ views, byPath }: DecisionRun, keeper: Side, path: RelPath): boolean {
  const isKept = byPath.get(path)?.reason === (keeper === 'destination' ? 'keep-destination' : 'keep-source')
  if (!isKept || views[otherSide(keeper)].has(path)) return false
  const [now, before] = [views[keeper].get(path), views.base.get(path)?.[keeper]]
  if (now === undefined || before === undefined || now.kind !== before.kind) return false
  return now.kind !== 'file' || before.kind !== 'file' || now.hash === before.hash
}

function dropHere({ byPath }: DecisionRun, keeper: Side, path: RelPath): void {
  const sides = keeper === 'source' ? { source: NOTHING, destination: AS_IS } : { source: AS_IS, destination: NOTHING }
  byPath.set(path, { path, reason: 'renamed', ...sides, base: 'drop' })
}

/** Directories from which everything was renamed go as well. */
function dropEmptied(run: DecisionRun, keeper: Side, emptied: ReadonlySet<RelPath>): void {
  const candidates = [...emptied].filter((directory) => isGoneElsewhere(run, keeper, directory))
  const inUse = new Set<RelPath>()
  const use = (path: RelPath): void => {
    for (const directory of directoriesAbove(path)) inUse.add(directory)
  }
  const isCandidate = new Set(candidates)
  const paths = new Set([...run.views[keeper].keys(), ...run.byPath.keys()])
  for (const path of paths) {
    if (!isCandidate.has(path) && wantedItem(run.views, run.byPath, keeper, path) !== undefined) use(path)
  }
  for (const directory of candidates.sort().reverse()) {
    if (inUse.has(directory)) use(directory)
    else dropHere(run, keeper, directory)
  }
}
