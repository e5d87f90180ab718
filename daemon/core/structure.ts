/**
 * What one path cannot see: a live child below something that is no directory. There the directory wins, the file becomes a
 * conflict copy, and the vectors join with a bump. So nobody's child is lost, and nobody's file.
 */

import type { Entry } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ancestorsOf } from '../../protocol/path.ts'
import type { Resolver, Verdict } from './resolve.ts'
import { bumpedJoin, latestOf, losersOf, undominated } from './resolve.ts'

/** A verdict, or that something else must be known first: then the path is looked at again. */
export type Settled = Verdict | { readonly kind: 'wait'; readonly reason: 'waits-for-directory' }

/** What is known of paths outside the batch. */
export interface Surroundings {
  own(path: RelPath): Entry | undefined
  others(path: RelPath): readonly Entry[]
  /** What a path becomes that is not in the batch, seen by itself. */
  verdict(path: RelPath): Verdict
  /** Whether this device may say what nobody said: that a directory stays. Else it waits for who may. */
  readonly mayMint: boolean
  /** Live own paths below a directory. */
  liveBelow(directory: RelPath): Iterable<RelPath>
}

/** The verdicts of a batch, with those added or replaced that its live paths need. */
export function structure(
  verdicts: ReadonlyMap<RelPath, Verdict>,
  surroundings: Surroundings,
  resolver: Resolver,
): ReadonlyMap<RelPath, Settled> {
  const settled = new Map<RelPath, Settled>(verdicts)
  for (const path of verdicts.keys()) {
    const needed = neededDirectories(path, settled, surroundings)
    const missing = needed.filter((directory) => !becomesDirectory(directory, settled, surroundings))
    if (missing.length === 0) continue
    if (surroundings.mayMint)
      for (const directory of missing) settled.set(directory, asDirectory(directory, surroundings, resolver))
    else settled.set(path, { kind: 'wait', reason: 'waits-for-directory' })
  }
  return settled
}

/** The directories without which what the path becomes cannot be: those above what lives, and itself where something below it lives on. */
function neededDirectories(
  path: RelPath,
  settled: ReadonlyMap<RelPath, Settled>,
  surroundings: Surroundings,
): readonly RelPath[] {
  const isMoving = surroundings.mayMint || settled.get(path)?.kind !== 'nothing'
  const target = targetOf(path, settled, surroundings)
  if (target !== undefined && isLive(target)) return isMoving ? ancestorsOf(path) : []
  const isLeft = surroundings.own(path)?.content.kind === 'directory' && keepsChild(path, settled, surroundings)
  return isLeft ? [path, ...ancestorsOf(path)] : []
}

/** Whether a directory will be there after the batch; what it becomes is part of the batch from now on. */
function becomesDirectory(directory: RelPath, settled: Map<RelPath, Settled>, surroundings: Surroundings): boolean {
  if (!settled.has(directory)) settled.set(directory, surroundings.verdict(directory))
  const target = targetOf(directory, settled, surroundings)
  return target === undefined || target.content.kind === 'directory'
}

function targetOf(
  path: RelPath,
  verdicts: ReadonlyMap<RelPath, Settled>,
  surroundings: Surroundings,
): Entry | undefined {
  const verdict = verdicts.get(path)
  return verdict === undefined || !('entry' in verdict) ? surroundings.own(path) : verdict.entry
}

function isLive(entry: Entry): boolean {
  return entry.content.kind !== 'deleted' && entry.isHeld
}

/** Whether something below a directory lives on after the batch. */
function keepsChild(directory: RelPath, verdicts: ReadonlyMap<RelPath, Settled>, surroundings: Surroundings): boolean {
  for (const path of surroundings.liveBelow(directory)) {
    const target = targetOf(path, verdicts, surroundings)
    if (target !== undefined && isLive(target)) return true
  }
  return false
}

function asDirectory(path: RelPath, surroundings: Surroundings, resolver: Resolver): Verdict {
  const own = surroundings.own(path)
  const all = own === undefined ? surroundings.others(path) : [own, ...surroundings.others(path)]
  const latest = undominated(all)
  const entry: Entry = {
    ...latestOf(latest),
    content: { kind: 'directory' },
    version: bumpedJoin(all, resolver),
    modBy: resolver.self,
    isConflictCopy: false,
    isHeld: true,
    extra: [],
  }
  return { kind: 'settle', entry, losers: losersOf(latest, entry), reason: 'needed-as-directory' }
}
