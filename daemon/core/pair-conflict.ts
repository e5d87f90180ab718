/** Where both sides of a pair have changed a path in different ways: who has the name, and where the other goes. */

import type { Crypto } from '../../protocol/crypto.ts'
import type { Content } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { ConflictPolicy } from '../../protocol/pair-options.ts'
import type { FileItem, Item, Side } from '../pair-port.ts'
import { conflictPath, originalOf } from './conflict.ts'
import type { VerdictCode } from './decision-table.ts'
import { MTIME_TOLERANCE_MS, timeOf } from './pair-compare.ts'
import type { DecisionRun } from './pair-decide.ts'
import type { PairPolicy, PairReason, PairViews, Wanted } from './pair-decision.ts'
import { AS_IS, itemFrom, otherSide } from './pair-decision.ts'

/** Names that are tried for one conflict copy. */
const NAMES_TRIED_MAX = 60
/** Who made a loser, in the name of its copy. There is no device that would be known to both sides. */
const TAGS = { source: 'source', destination: 'dest' } as const

/** Gives conflict copies their names. */
export interface Losers {
  /** A free path for what a side has at a path; undefined where a copy of it is there already, or no name fits. */
  copyPath(path: RelPath, loser: Item, side: Side): RelPath | undefined
}

export function createLosers(views: PairViews, crypto: Pick<Crypto, 'blake3'>): Losers {
  const taken = new Set<RelPath>()
  let copies: ReadonlyMap<RelPath, readonly FileItem[]> | undefined
  const isFree = (path: RelPath): boolean =>
    !taken.has(path) && !views.source.has(path) && !views.destination.has(path) && !views.base.has(path)
  return {
    copyPath: (path, loser, side) => {
      copies ??= copiesIn(views)
      if (loser.kind === 'file' && copies.get(path)?.some(({ hash }) => hash !== null && hash === loser.hash) === true)
        return undefined
      const content = contentOf(loser)
      for (let tried = 0; tried < NAMES_TRIED_MAX; tried += 1) {
        const t = timeOf(loser) + tried * 1000
        const found = conflictPath(path, { t, modBy: TAGS[side], content }, crypto)
        if (found === undefined) return undefined
        if (!isFree(found)) continue
        taken.add(found)
        return found
      }
      return undefined
    },
  }
}

/** Conflict copies that are there, by the path that they were made for. */
function copiesIn(views: PairViews): ReadonlyMap<RelPath, readonly FileItem[]> {
  const copies = new Map<RelPath, FileItem[]>()
  for (const side of ['source', 'destination'] as const) {
    for (const [path, item] of views[side]) {
      const original = item.kind === 'file' ? originalOf(path) : undefined
      if (item.kind !== 'file' || original === undefined) continue
      copies.set(original, [...(copies.get(original) ?? []), item])
    }
  }
  return copies
}

/** What the name of the copy shows of its content; of a file without a hash, its size and time. */
function contentOf(item: Item): Content {
  if (item.kind === 'directory') return { kind: 'directory' }
  if (item.kind === 'symlink') return { kind: 'symlink', target: item.target }
  if (item.hash === null) return { kind: 'symlink', target: `${item.sizeBytes} ${item.mtimeMs}` }
  return { kind: 'file', hash: item.hash, sizeBytes: item.sizeBytes, chunks: null, executable: false }
}

export function settleConflict(run: DecisionRun, path: RelPath, code: VerdictCode): void {
  const source = run.views.source.get(path)
  const destination = run.views.destination.get(path)
  if (source === undefined || destination === undefined) throw new Error('a conflict has two sides')
  if (code === 'conflict') settleEdits(run, path, source, destination)
  else if (code === 'directory-wins') directoryWins(run, path, source.kind === 'directory' ? 'destination' : 'source')
  else putAside(run, path, code === 'source-kind-wins-aside' ? 'destination' : 'source', code)
}

/** Two files or links. */
function settleEdits(run: DecisionRun, path: RelPath, source: Item, destination: Item): void {
  const policy = policyOf(run.policy)
  if (hasSameBytes(source, destination)) {
    const winner = winnerOf(policy === 'manual' ? 'newest' : policy, source, destination)
    win(run, path, winner, winner === 'source' ? 'to-destination' : 'to-source')
    return
  }
  if (policy === 'manual') {
    run.byPath.set(path, { path, reason: 'conflict-manual', source: AS_IS, destination: AS_IS, base: 'as-before' })
    run.conflicts.push({ path, reason: 'conflict-manual', copy: null })
    return
  }
  const winner = winnerOf(policy, source, destination)
  const reason = winner === 'source' ? 'conflict-source' : 'conflict-destination'
  const loser = otherSide(winner)
  const copy = policy === 'keep-both' ? copyOf(run, path, loser, 'both') : null
  win(run, path, winner, reason)
  run.conflicts.push({ path, reason, copy })
}

/** The first run's preference goes before the conflict policy. */
function policyOf({ isFirstRun, initial, onConflict }: PairPolicy): ConflictPolicy {
  if (!isFirstRun || initial === 'merge') return onConflict
  return initial === 'source-wins' ? 'source' : 'destination'
}

/** They differ only in what a person may do with them. */
function hasSameBytes(a: Item, b: Item): boolean {
  return a.kind === 'file' && b.kind === 'file' && a.hash !== null && a.hash === b.hash
}

/** The later change, where both are kept, too; the source where the times are one. */
function winnerOf(policy: Exclude<ConflictPolicy, 'manual'>, source: Item, destination: Item): Side {
  if (policy === 'source' || policy === 'destination') return policy
  return timeOf(destination) - timeOf(source) > MTIME_TOLERANCE_MS ? 'destination' : 'source'
}

function win({ views, byPath }: DecisionRun, path: RelPath, winner: Side, reason: PairReason): void {
  const wanted = itemFrom(views, winner, path)
  const sides = winner === 'source' ? { source: AS_IS, destination: wanted } : { source: wanted, destination: AS_IS }
  byPath.set(path, { path, reason, ...sides, base: 'agree' })
}

/** What a side has at a path becomes a conflict copy, there or on both sides. @returns where */
export function copyOf(run: DecisionRun, path: RelPath, side: Side, where: 'both' | 'there'): RelPath | null {
  const loser = run.views[side].get(path)
  const copy = loser === undefined ? undefined : run.losers.copyPath(path, loser, side)
  if (copy === undefined) return null
  const wanted = itemFrom(run.views, side, path)
  const elsewhere: Wanted = where === 'both' ? wanted : AS_IS
  const sides =
    side === 'source' ? { source: wanted, destination: elsewhere } : { source: elsewhere, destination: wanted }
  const base = where === 'both' ? 'agree' : 'as-before'
  run.byPath.set(copy, { path: copy, reason: 'conflict-copy', ...sides, base, copyOf: path })
  return copy
}

/** @param side who has a file there. */
export function directoryWins(run: DecisionRun, path: RelPath, side: Side): void {
  const copy = copyOf(run, path, side, 'both')
  const directory = itemFrom(run.views, otherSide(side), path)
  const wanted: Wanted =
    directory.kind === 'item' && directory.item.kind === 'directory'
      ? directory
      : { kind: 'item', item: DIRECTORY, side: otherSide(side), path }
  const other: Wanted = directory.kind === 'item' && directory.item.kind === 'directory' ? AS_IS : wanted
  const sides = side === 'source' ? { source: wanted, destination: other } : { source: other, destination: wanted }
  run.byPath.set(path, { path, reason: 'directory-wins', ...sides, base: 'agree' })
  run.conflicts.push({ path, reason: 'directory-wins', copy })
}

/** A directory that is yet to be made. */
export const DIRECTORY: Item = { kind: 'directory', isMount: false }

/** The side takes what the other has; a file of its own is kept beside it. A directory's content is settled with the structure. */
export function putAside(run: DecisionRun, path: RelPath, side: Side, reason: VerdictCode): void {
  const isFile = run.views[side].get(path)?.kind !== 'directory'
  const copy = isFile ? copyOf(run, path, side, 'there') : null
  win(run, path, otherSide(side), reason)
  run.conflicts.push({ path, reason, copy })
}
