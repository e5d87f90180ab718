/** What one path of a pair cannot see: what lives below a path that is to be deleted, or to be a file. */

import type { RelPath } from '../../protocol/path.ts'
import { isBelow, parseRelPath, pathFault } from '../../protocol/path.ts'
import type { Side } from '../pair-port.ts'
import { DIRECTORY, copyOf, directoryWins } from './pair-conflict.ts'
import type { DecisionRun } from './pair-decide.ts'
import type { Wanted } from './pair-decision.ts'
import { AS_IS, NOTHING, directoriesAbove, itemFrom, otherSide, wantedItem } from './pair-decision.ts'
import { keeperOf } from './pair-rename.ts'

export function settleStructure(run: DecisionRun): void {
  for (const side of ['source', 'destination'] as const) {
    for (const directory of [...inhabited(run, side)].sort()) {
      const wanted = wantedItem(run.views, run.byPath, side, directory)
      if (wanted?.kind === 'directory') continue
      if (wanted === undefined) revive(run, side, directory)
      else settleClash(run, side, directory)
    }
  }
}

/** Every path with something below it, once all is done. */
function inhabited({ views, byPath }: DecisionRun, side: Side): Set<RelPath> {
  const found = new Set<RelPath>()
  const add = (path: RelPath): void => {
    for (const directory of directoriesAbove(path)) {
      if (found.has(directory)) return
      found.add(directory)
    }
  }
  for (const path of views[side].keys()) if (!byPath.has(path)) add(path)
  for (const path of byPath.keys()) if (wantedItem(views, byPath, side, path) !== undefined) add(path)
  return found
}

/** Something below lives on: the directory stays, or is made. */
function revive(run: DecisionRun, side: Side, path: RelPath): void {
  const { views, byPath } = run
  if (!isInhabited(run, side, path)) return
  const wanted: Wanted =
    views[side].get(path)?.kind === 'directory' ? AS_IS : { kind: 'item', item: DIRECTORY, side: otherSide(side), path }
  const other = byPath.get(path)?.[otherSide(side)] ?? AS_IS
  const sides = side === 'source' ? { source: wanted, destination: other } : { source: other, destination: wanted }
  byPath.set(path, { path, reason: 'needed-as-directory', ...sides, base: 'as-before' })
  const isBoth = wantedItem(views, byPath, otherSide(side), path)?.kind === 'directory'
  if (isBoth) byPath.set(path, { path, reason: 'needed-as-directory', ...sides, base: 'agree' })
}

/** What was below may have moved since. */
function isInhabited(run: DecisionRun, side: Side, directory: RelPath): boolean {
  const { views, byPath } = run
  const isLive = (path: RelPath): boolean =>
    isBelow(path, directory) && wantedItem(views, byPath, side, path) !== undefined
  return [...byPath.keys()].some(isLive) || [...views[side].keys()].some(isLive)
}

/** A file where something lives below. */
function settleClash(run: DecisionRun, side: Side, path: RelPath): void {
  if (run.policy.mode === 'two-way') {
    directoryWins(run, path, fileSide(run, path))
    return
  }
  if (keeperOf(run.policy.mode) !== side) return
  const isOwn = (run.byPath.get(path)?.[side] ?? AS_IS).kind === 'as-is'
  if (isOwn) directoryArrives(run, side, path)
  else moveAside(run, side, path)
}

/** Whose file it is that both sides were to have. */
function fileSide({ views, byPath }: DecisionRun, path: RelPath): Side {
  const decision = byPath.get(path)
  if (decision?.source.kind === 'item') return decision.source.side
  if (decision?.destination.kind === 'item') return decision.destination.side
  const isFile = views.source.has(path) && views.source.get(path)?.kind !== 'directory'
  return isFile ? 'source' : 'destination'
}

/** The keeper has a file of its own where the other has a directory: the file is kept beside it. */
function directoryArrives(run: DecisionRun, side: Side, path: RelPath): void {
  const copy = copyOf(run, path, side, 'there')
  const from = itemFrom(run.views, otherSide(side), path)
  const wanted: Wanted =
    from.kind === 'item' && from.item.kind === 'directory'
      ? from
      : { kind: 'item', item: DIRECTORY, side: otherSide(side), path }
  const sides = side === 'source' ? { source: wanted, destination: AS_IS } : { source: AS_IS, destination: wanted }
  const reason = side === 'destination' ? 'source-kind-wins-aside' : 'destination-kind-wins-aside'
  run.byPath.set(path, { path, reason, ...sides, base: from.kind === 'item' ? 'agree' : 'as-before' })
  run.conflicts.push({ path, reason, copy })
}

/** The keeper gets a file where it keeps things below a directory: they go to a directory beside it. */
function moveAside(run: DecisionRun, side: Side, path: RelPath): void {
  const { views, byPath } = run
  const directory = run.losers.copyPath(path, DIRECTORY, side)
  if (directory === undefined) return
  const below = [...views[side].keys()].filter(
    (each) => isBelow(each, path) && wantedItem(views, byPath, side, each) !== undefined,
  )
  const put = (at: RelPath, wanted: Wanted, base: 'as-before' | 'drop', copyPath?: RelPath): void => {
    const sides = side === 'source' ? { source: wanted, destination: AS_IS } : { source: AS_IS, destination: wanted }
    byPath.set(at, {
      ...{ path: at, reason: 'conflict-copy', ...sides, base },
      ...(copyPath !== undefined && { copyOf: copyPath }),
    })
  }
  put(directory, { kind: 'item', item: DIRECTORY, side, path }, 'as-before')
  for (const from of below) {
    const to = aside(directory, from.slice(path.length + 1))
    if (to === undefined) continue
    const wanted = itemFrom(views, side, from)
    put(
      to,
      wanted.kind === 'item' && wanted.item.kind === 'directory' ? { ...wanted, item: DIRECTORY } : wanted,
      'as-before',
    )
    put(from, NOTHING, views.base.has(from) ? 'drop' : 'as-before')
  }
  const reason = side === 'destination' ? 'source-kind-wins-aside' : 'destination-kind-wins-aside'
  run.conflicts.push({ path, reason, copy: directory })
}

/** Undefined where the new path would be too long. */
function aside(directory: RelPath, below: string): RelPath | undefined {
  const text = `${directory}/${below}`
  return pathFault(text) === undefined ? parseRelPath(text) : undefined
}
