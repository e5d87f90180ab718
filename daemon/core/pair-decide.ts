/** What a run of a pair makes of each path: the decision table over all that is seen and remembered. Pure. */

import type { RelPath } from '../../protocol/path.ts'
import { allowsDownload, allowsUpload } from '../../protocol/pair-options.ts'
import type { BaseRow, Item, Side } from '../pair-port.ts'
import type { VerdictCode } from './decision-table.ts'
import { VERDICTS, rowNumberOf, verdictIn } from './decision-table.ts'
import { clashes, isTouched, isUntouched, sameItem, standingOf } from './pair-compare.ts'
import type { Losers } from './pair-conflict.ts'
import { createLosers, settleConflict } from './pair-conflict.ts'
import type { MetConflict, PairDecisions, PairPolicy, PairViews, PathDecision } from './pair-decision.ts'
import { AS_IS, itemFrom, otherSide } from './pair-decision.ts'
import { followRenames } from './pair-rename.ts'
import { settleStructure } from './pair-structure.ts'
import type { Crypto } from '../../protocol/crypto.ts'

export function decidePair(views: PairViews, policy: PairPolicy, crypto: Pick<Crypto, 'blake3'>): PairDecisions {
  const run: DecisionRun = {
    views,
    policy,
    losers: createLosers(views, crypto),
    byPath: new Map(),
    conflicts: [],
  }
  for (const path of pathsOf(views)) decidePath(run, path)
  followRenames(run)
  settleStructure(run)
  const kept = [...run.byPath.values()].filter(({ reason }) => VERDICTS_KEPT.has(reason)).map(({ path }) => path)
  return { byPath: run.byPath, conflicts: run.conflicts, kept }
}

const VERDICTS_KEPT: ReadonlySet<string> = new Set<VerdictCode>(['keep-source', 'keep-destination'])

/** What is decided so far. */
export interface DecisionRun {
  readonly views: PairViews
  readonly policy: PairPolicy
  readonly losers: Losers
  readonly byPath: Map<RelPath, PathDecision>
  readonly conflicts: MetConflict[]
}

function* pathsOf({ source, destination, base }: PairViews): Iterable<RelPath> {
  yield* base.keys()
  for (const path of source.keys()) if (!base.has(path)) yield path
  for (const path of destination.keys()) if (!base.has(path) && !source.has(path)) yield path
}

function decidePath(run: DecisionRun, path: RelPath): void {
  const { views, policy } = run
  const row = views.base.get(path)
  const [source, destination] = [views.source.get(path), views.destination.get(path)]
  const code = verdictOf(source, destination, row, policy)
  switch (VERDICTS[code].effect) {
    case 'nothing':
      if (isForced(source, destination, policy)) force(run, path)
      else if (row !== undefined && !isFresh(row, source, destination)) agree(run, path, code)
      return
    case 'adopt':
      if (isForced(source, destination, policy)) force(run, path)
      else agree(run, path, code)
      return
    case 'forget':
      run.byPath.set(path, { path, reason: code, source: AS_IS, destination: AS_IS, base: 'drop' })
      return
    case 'keep':
      run.byPath.set(path, { path, reason: code, source: AS_IS, destination: AS_IS, base: 'as-before' })
      return
    case 'destination-follows':
      follow(run, path, 'destination', code)
      return
    case 'source-follows':
      follow(run, path, 'source', code)
      return
    case 'conflict':
    case 'directory-wins':
    case 'destination-aside':
    case 'source-aside':
      settleConflict(run, path, code)
  }
}

function verdictOf(
  source: Item | undefined,
  destination: Item | undefined,
  row: BaseRow | undefined,
  { mode, compare }: PairPolicy,
): VerdictCode {
  const standings = [
    standingOf(source, row?.source, compare),
    standingOf(destination, row?.destination, compare),
  ] as const
  const number = rowNumberOf(...standings, relation(source, destination, compare))
  const isSame = number === 1 || number === 6
  if (!isSame || source === undefined || destination === undefined) return verdictIn(number, mode)
  if (!isTouched(source, destination, compare)) return verdictIn(number, mode)
  return touchedVerdict(source, destination, row, mode)
}

function relation(
  source: Item | undefined,
  destination: Item | undefined,
  compare: PairPolicy['compare'],
): 'same' | 'differ' | 'clash' {
  if (source === undefined || destination === undefined) return 'differ'
  if (clashes(source, destination)) return 'clash'
  return sameItem(source, destination, compare) ? 'same' : 'differ'
}

/** Same bytes, other times: as an edit of the time. Where both have another, the later one is taken, and nobody loses anything. */
function touchedVerdict(
  source: Item,
  destination: Item,
  row: BaseRow | undefined,
  mode: PairPolicy['mode'],
): VerdictCode {
  const isSource = row === undefined || isTouched(source, row.source, 'hash+mtime')
  const isDestination = row === undefined || isTouched(destination, row.destination, 'hash+mtime')
  return verdictIn(isSource && isDestination ? 7 : isSource ? 2 : isDestination ? 3 : 1, mode)
}

/** Whether the row shows both sides as they look now. */
function isFresh(row: BaseRow, source: Item | undefined, destination: Item | undefined): boolean {
  if (source === undefined || destination === undefined) return true
  return isUntouched(source, row.source) && isUntouched(destination, row.destination)
}

function agree({ byPath }: DecisionRun, path: RelPath, reason: VerdictCode): void {
  byPath.set(path, { path, reason, source: AS_IS, destination: AS_IS, base: 'agree' })
}

function follow({ views, byPath }: DecisionRun, path: RelPath, side: Side, reason: VerdictCode): void {
  const wanted = itemFrom(views, otherSide(side), path)
  const base = wanted.kind === 'nothing' ? 'drop' : 'agree'
  const sides = side === 'source' ? { source: wanted, destination: AS_IS } : { source: AS_IS, destination: wanted }
  byPath.set(path, { path, reason, ...sides, base })
}

function isForced(source: Item | undefined, destination: Item | undefined, { force, mode }: PairPolicy): boolean {
  if (force === null || source?.kind !== 'file' || destination?.kind !== 'file') return false
  return force === 'upload' ? allowsUpload(mode) : allowsDownload(mode)
}

function force({ views, policy, byPath }: DecisionRun, path: RelPath): void {
  const side = policy.force === 'upload' ? 'destination' : 'source'
  const from = itemFrom(views, otherSide(side), path)
  const wanted = from.kind === 'item' ? { ...from, isForced: true } : from
  const sides = side === 'source' ? { source: wanted, destination: AS_IS } : { source: AS_IS, destination: wanted }
  byPath.set(path, { path, reason: 'forced', ...sides, base: 'agree' })
}
