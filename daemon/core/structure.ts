/**
 * What one path cannot see: a live child below something that is no directory. There the directory wins, the file becomes a
 * conflict copy, and the vectors join with a bump. So nobody's child is lost, and nobody's file.
 */

import type { Entry } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ancestorsOf } from '../../protocol/path.ts'
import type { Resolver, Verdict } from './resolve.ts'
import { bumpedJoin, latestOf, losersOf, resolve, undominated } from './resolve.ts'

/** What is known of paths outside the batch. */
export interface Surroundings {
  own(path: RelPath): Entry | undefined
  others(path: RelPath): readonly Entry[]
  /** Live own paths below a directory. */
  liveBelow(directory: RelPath): Iterable<RelPath>
}

/** The verdicts of a batch, with those added or replaced that its live paths need. */
export function structure(
  verdicts: ReadonlyMap<RelPath, Verdict>,
  surroundings: Surroundings,
  resolver: Resolver,
): ReadonlyMap<RelPath, Verdict> {
  const settled = new Map(verdicts)
  const standing = new Set<RelPath>()
  const revive = (directory: RelPath): void => {
    if (standing.has(directory)) return
    standing.add(directory)
    if (!settled.has(directory))
      settled.set(directory, resolve(surroundings.own(directory), surroundings.others(directory), resolver))
    const target = targetOf(directory, settled, surroundings)
    if (target === undefined || target.content.kind === 'directory') return
    settled.set(directory, asDirectory(directory, surroundings, resolver))
  }
  for (const [path] of verdicts) {
    const target = targetOf(path, settled, surroundings)
    if (target !== undefined && isLive(target)) ancestorsOf(path).forEach(revive)
    else if (surroundings.own(path)?.content.kind === 'directory' && keepsChild(path, settled, surroundings)) {
      revive(path)
      ancestorsOf(path).forEach(revive)
    }
  }
  return settled
}

function targetOf(
  path: RelPath,
  verdicts: ReadonlyMap<RelPath, Verdict>,
  surroundings: Surroundings,
): Entry | undefined {
  const verdict = verdicts.get(path)
  return verdict === undefined || verdict.kind === 'nothing' ? surroundings.own(path) : verdict.entry
}

function isLive(entry: Entry): boolean {
  return entry.content.kind !== 'deleted' && entry.isHeld
}

/** Whether something below a directory lives on after the batch. */
function keepsChild(directory: RelPath, verdicts: ReadonlyMap<RelPath, Verdict>, surroundings: Surroundings): boolean {
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
