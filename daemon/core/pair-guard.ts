/** When a run of a pair waits for a person: before a first run that takes something away, and before a mass deletion. */

import type { RelPath } from '../../protocol/path.ts'
import type { BaseRow, Item, Side } from '../pair-port.ts'
import { isMassDelete } from './guard.ts'
import type { PairViews } from './pair-decision.ts'
import type { PairUnit } from './pair-plan.ts'
import { bytesAcross } from './pair-plan.ts'

/** One side may have so many times as many files as the other, and so many more, before a first run asks. */
const LOPSIDED_TIMES = 2
const LOPSIDED_FILES = 10

export interface SideCounts {
  /** Files there now. */
  readonly files: number
  /** Files and links that the run creates or overwrites there. */
  readonly arriving: number
  readonly overwritten: number
  readonly deleted: number
  readonly renamed: number
  /** Bytes that come from the other side. */
  readonly bytes: number
}
export type PairCounts = Readonly<Record<Side, SideCounts>>

export type PairHaltReason =
  /** Nothing is remembered of the pair, and something would be deleted or overwritten, or the sides are very unlike. */
  | 'first-run'
  | 'mass-delete'
  /** A side is not the directory that it was in the last run. */
  | 'end-changed'
  /** A volume that was mounted below a side is not there. */
  | 'mount-vanished'

export interface PairHalt {
  readonly reason: PairHaltReason
  readonly sentence: string
}

export function countPair(views: PairViews, units: readonly PairUnit[]): PairCounts {
  return { source: countSide(views, units, 'source'), destination: countSide(views, units, 'destination') }
}

function countSide(views: PairViews, units: readonly PairUnit[], side: Side): SideCounts {
  const counts = { files: countFiles(views[side]), arriving: 0, overwritten: 0, deleted: 0, renamed: 0, bytes: 0 }
  for (const step of units.flatMap((unit) => unit.steps)) {
    if (step.side !== side) continue
    counts.bytes += bytesAcross(step)
    if (step.kind === 'put' || step.kind === 'symlink') counts.arriving += 1
    if ('replaces' in step && step.replaces !== null) counts.overwritten += 1
    if (step.kind === 'remove') counts.deleted += 1
    if (step.kind === 'rename' && !step.isAside) counts.renamed += 1
  }
  return counts
}

function countFiles(items: ReadonlyMap<RelPath, Item>): number {
  let files = 0
  for (const item of items.values()) if (item.kind !== 'directory') files += 1
  return files
}

/** Why the plan waits for a person; undefined when it may be carried out. */
export function guardPair(
  counts: PairCounts,
  views: PairViews,
  o: { readonly isFirstRun: boolean; readonly isEndChanged: boolean },
): PairHalt | undefined {
  const mount = vanishedMount(views)
  if (mount !== undefined) return haltForMount(mount)
  if (o.isEndChanged) return END_CHANGED
  if (o.isFirstRun) return firstRunHalt(counts)
  for (const side of ['source', 'destination'] as const) {
    const { deleted, files } = counts[side]
    if (deleted > 0 && isMassDelete(deleted, files)) return haltForDeletes(side, deleted, files)
  }
  return undefined
}

const END_CHANGED: PairHalt = {
  reason: 'end-changed',
  sentence:
    'A side is not the directory that it was in the last run: a disk may not be mounted, or its .holt directory was removed.',
}

function firstRunHalt({ source, destination }: PairCounts): PairHalt | undefined {
  const deleted = source.deleted + destination.deleted
  const overwritten = source.overwritten + destination.overwritten
  if (deleted + overwritten > 0) {
    return {
      reason: 'first-run',
      sentence: `This is the first run of the pair, and it would delete ${deleted} and overwrite ${overwritten} files.`,
    }
  }
  const [few, many] = [source.files, destination.files].toSorted((a, b) => a - b)
  if (few === undefined || many === undefined) return undefined
  if (many <= few * LOPSIDED_TIMES || many - few <= LOPSIDED_FILES) return undefined
  return {
    reason: 'first-run',
    sentence: `This is the first run of the pair, and one side has ${many} files, the other ${few}.`,
  }
}

function haltForDeletes(side: Side, deleted: number, files: number): PairHalt {
  return {
    reason: 'mass-delete',
    sentence: `The run would delete ${deleted} of the ${files} files of the ${side}.`,
  }
}

function haltForMount({ side, path }: { side: Side; path: RelPath }): PairHalt {
  return {
    reason: 'mount-vanished',
    sentence: `${path} of the ${side} was a disk of its own in the last run, and is not mounted now.`,
  }
}

function vanishedMount(views: PairViews): { side: Side; path: RelPath } | undefined {
  for (const side of ['source', 'destination'] as const) {
    for (const row of views.base.values()) {
      if (isVanished(row, views[side].get(row.path), side)) return { side, path: row.path }
    }
  }
  return undefined
}

function isVanished(row: BaseRow, now: Item | undefined, side: Side): boolean {
  const before = row[side]
  return before.kind === 'directory' && before.isMount && !(now?.kind === 'directory' && now.isMount)
}
