/** What is decided of the paths of a pair: which item each side shall have, and why. */

import { ROOT, parentOf } from '../../protocol/path.ts'
import type { DirPath, RelPath } from '../../protocol/path.ts'
import type { Comparison, ConflictPolicy, Force, InitialPreference, PairMode } from '../../protocol/pair-options.ts'
import type { BaseRow, Item, Side } from '../pair-port.ts'
import type { VerdictCode } from './decision-table.ts'
import { VERDICTS } from './decision-table.ts'

/** Reasons beyond those of the table. */
const MORE_REASONS = {
  'conflict-source': 'Both sides have changed it; by the conflict policy the source has it.',
  'conflict-destination': 'Both sides have changed it; by the conflict policy the destination has it.',
  'conflict-manual': 'Both sides have changed it, and it waits for a person: nothing is done.',
  'conflict-copy': 'It lost a conflict, and is kept beside the other.',
  'needed-as-directory': 'Something lives below it, so it is a directory.',
  renamed: 'The same bytes have got another name.',
  forced: 'It is the same on both sides; it is transferred because that was asked for.',
} as const

export type PairReason = VerdictCode | keyof typeof MORE_REASONS

/** For people. */
export function reasonSentence(code: PairReason): string {
  return code in MORE_REASONS ? MORE_REASONS[code as keyof typeof MORE_REASONS] : VERDICTS[code as VerdictCode].sentence
}

export interface PairPolicy {
  readonly mode: PairMode
  readonly compare: Comparison
  readonly onConflict: ConflictPolicy
  readonly initial: InitialPreference
  readonly force: Force | null
  /** Nothing is remembered of the pair. */
  readonly isFirstRun: boolean
}

/** What is seen and remembered. Paths that are ignored, or that cannot be looked at, are in none of the three. */
export interface PairViews {
  readonly source: ReadonlyMap<RelPath, Item>
  readonly destination: ReadonlyMap<RelPath, Item>
  readonly base: ReadonlyMap<RelPath, BaseRow>
}

/** What a side shall have at a path. */
export type Wanted =
  | { readonly kind: 'as-is' }
  | { readonly kind: 'nothing' }
  /** The item that is now at a path of a side. */
  | {
      readonly kind: 'item'
      readonly item: Item
      readonly side: Side
      readonly path: RelPath
      readonly isForced?: boolean
    }

export interface PathDecision {
  readonly path: RelPath
  readonly reason: PairReason
  readonly source: Wanted
  readonly destination: Wanted
  /** What is remembered once it is done: that both sides agree, nothing any more, or what was remembered before. */
  readonly base: 'agree' | 'drop' | 'as-before'
  /** The path whose loser this is: both are done, or neither. */
  readonly copyOf?: RelPath
}

/** A conflict that was met, settled or not. */
export interface MetConflict {
  readonly path: RelPath
  readonly reason: PairReason
  /** Where the loser is kept; null where it stays, or goes to the versions. */
  readonly copy: RelPath | null
}

export interface PairDecisions {
  /** Only paths of which something is to be done or remembered. */
  readonly byPath: ReadonlyMap<RelPath, PathDecision>
  readonly conflicts: readonly MetConflict[]
  /** Paths that differ and stay as they are, because the mode says so. */
  readonly kept: readonly RelPath[]
}

export const AS_IS: Wanted = { kind: 'as-is' }
export const NOTHING: Wanted = { kind: 'nothing' }

export function itemFrom(views: PairViews, side: Side, path: RelPath): Wanted {
  const item = views[side].get(path)
  return item === undefined ? NOTHING : { kind: 'item', item, side, path }
}

export function otherSide(side: Side): Side {
  return side === 'source' ? 'destination' : 'source'
}

/** What a side has at a path once the decisions are carried out. */
export function wantedItem(
  views: PairViews,
  decisions: ReadonlyMap<RelPath, PathDecision>,
  side: Side,
  path: RelPath,
): Item | undefined {
  const wanted = decisions.get(path)?.[side] ?? AS_IS
  if (wanted.kind === 'as-is') return views[side].get(path)
  return wanted.kind === 'nothing' ? undefined : wanted.item
}

/** Every directory above a path, nearest first. */
export function* directoriesAbove(path: RelPath): Iterable<RelPath> {
  for (let at: DirPath = parentOf(path); at !== ROOT; at = parentOf(at)) yield at
}
