/**
 * From the decisions of a pair to ordered steps. What belongs together is a unit: all of it is done, or the rest of it next time.
 * Creations come before deletions, so that bytes with a new name are renamed; directories come before what is in them and go after
 * it.
 */

import type { BlobHash } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ancestorsOf, nameOf } from '../../protocol/path.ts'
import type { EndTraits, FileItem, Item, Side } from '../pair-port.ts'
import type { PairDecisions, PairReason, PairViews, PathDecision, Wanted } from './pair-decision.ts'
import { AS_IS, otherSide, wantedItem } from './pair-decision.ts'

type LinkItem = Extract<Item, { kind: 'symlink' }>

export type PairStep =
  /** `from` is where the bytes are read: the other side, or another file of the same one. */
  | {
      readonly kind: 'put'
      readonly side: Side
      readonly path: RelPath
      readonly item: FileItem
      readonly from: { readonly side: Side; readonly path: RelPath; readonly item: FileItem }
      readonly replaces: Item | null
    }
  | {
      readonly kind: 'rename'
      readonly side: Side
      readonly path: RelPath
      readonly from: RelPath
      readonly now: FileItem | LinkItem
      /** Its times and its executable bit. */
      readonly item: FileItem | LinkItem
      readonly replaces: Item | null
      /** It is the loser of a conflict that makes way. */
      readonly isAside: boolean
    }
  | {
      readonly kind: 'symlink'
      readonly side: Side
      readonly path: RelPath
      readonly item: LinkItem
      readonly replaces: Item | null
    }
  | {
      readonly kind: 'make-directory'
      readonly side: Side
      readonly path: RelPath
      readonly item: Item
      readonly replaces: Item | null
    }
  | {
      readonly kind: 'touch'
      readonly side: Side
      readonly path: RelPath
      readonly item: FileItem
      readonly now: FileItem
    }
  | { readonly kind: 'remove'; readonly side: Side; readonly path: RelPath; readonly now: FileItem | LinkItem }
  | { readonly kind: 'remove-directory'; readonly side: Side; readonly path: RelPath }

export interface PairUnit {
  readonly path: RelPath
  readonly reason: PairReason
  readonly steps: readonly PairStep[]
  /** What is remembered once all of it is done. */
  readonly records: readonly PathDecision[]
}

export type BlockCode = 'name-clash' | 'no-symlinks'

export interface PairPlan {
  readonly units: readonly PairUnit[]
  /** Paths that a side cannot hold. */
  readonly blocked: readonly { readonly path: RelPath; readonly side: Side; readonly code: BlockCode }[]
}

export type EndsTraits = Readonly<Record<Side, EndTraits>>

export function planPair(views: PairViews, decisions: PairDecisions, traits: EndsTraits): PairPlan {
  const planning = startPlanning(views, decisions)
  const units: PairUnit[] = []
  const blocked: PairPlan['blocked'][number][] = []
  for (const group of groupsOf(decisions)) {
    const unit = planUnit(planning, group)
    const block = findBlock(unit, traits, planning)
    if (block === undefined) units.push(unit)
    else blocked.push(block)
  }
  return { units: inOrder(withoutRenamed(units, planning)), blocked }
}

interface Planning {
  readonly views: PairViews
  readonly byPath: PairDecisions['byPath']
  /** Paths of a side whose file is renamed away by what is decided of another path. */
  readonly vacated: Readonly<Record<Side, ReadonlySet<RelPath>>>
  /** Files of a side that go, by their bytes: each can be renamed once. */
  readonly leaving: Readonly<Record<Side, Map<BlobHash, RelPath[]>>>
  /** Directories of a side that give way to a file: all in them has to be gone before. */
  readonly giving: Readonly<Record<Side, ReadonlySet<RelPath>>>
  /** Paths whose removal is part of a rename. */
  readonly renamed: Readonly<Record<Side, Set<RelPath>>>
  /** A file that stays as it is, by its bytes. */
  readonly stable: Readonly<Record<Side, (hash: BlobHash) => RelPath | undefined>>
  /** Live paths of a side once all is done, by their names in one case. */
  readonly folded: (side: Side) => ReadonlyMap<string, readonly RelPath[]>
}

const bySide = <T>(make: (side: Side) => T): Readonly<Record<Side, T>> => ({
  source: make('source'),
  destination: make('destination'),
})

function startPlanning(views: PairViews, { byPath }: PairDecisions): Planning {
  const vacated = bySide((side) => {
    const paths = new Set<RelPath>()
    for (const decision of byPath.values()) {
      const wanted = decision[side]
      if (isOwnMove(wanted, side, decision.path)) paths.add(wanted.path)
    }
    return paths
  })
  const leaving = bySide((side) => leavingFiles(views, byPath, side, vacated[side]))
  const stable = bySide((side) => lazily(() => stableFiles(views, byPath, side)))
  const folds = bySide((side) => lazyValue(() => foldedPaths(views, byPath, side)))
  return {
    ...{ views, byPath, vacated, leaving },
    giving: bySide((side) => givingDirectories(views, byPath, side)),
    renamed: bySide(() => new Set<RelPath>()),
    stable: bySide((side) => (hash) => stable[side](hash)),
    folded: (side) => folds[side](),
  }
}

function isOwnMove(wanted: Wanted, side: Side, path: RelPath): wanted is Extract<Wanted, { kind: 'item' }> {
  return wanted.kind === 'item' && wanted.side === side && wanted.path !== path && wanted.item.kind !== 'directory'
}

function givingDirectories(views: PairViews, byPath: PairDecisions['byPath'], side: Side): Set<RelPath> {
  const giving = new Set<RelPath>()
  for (const { path, [side]: wanted } of byPath.values()) {
    if (wanted.kind !== 'item' || wanted.item.kind === 'directory') continue
    if (views[side].get(path)?.kind === 'directory') giving.add(path)
  }
  return giving
}

function leavingFiles(
  views: PairViews,
  byPath: PairDecisions['byPath'],
  side: Side,
  vacated: ReadonlySet<RelPath>,
): Map<BlobHash, RelPath[]> {
  const leaving = new Map<BlobHash, RelPath[]>()
  for (const decision of byPath.values()) {
    if (decision[side].kind !== 'nothing' || vacated.has(decision.path)) continue
    const now = views[side].get(decision.path)
    if (now?.kind !== 'file' || now.hash === null) continue
    const paths = leaving.get(now.hash)
    if (paths === undefined) leaving.set(now.hash, [decision.path])
    else paths.push(decision.path)
  }
  return leaving
}

function stableFiles(views: PairViews, byPath: PairDecisions['byPath'], side: Side): Map<BlobHash, RelPath> {
  const stable = new Map<BlobHash, RelPath>()
  for (const [path, item] of views[side]) {
    if (item.kind !== 'file' || item.hash === null) continue
    if ((byPath.get(path)?.[side] ?? AS_IS).kind === 'as-is') stable.set(item.hash, path)
  }
  return stable
}

function foldedPaths(views: PairViews, byPath: PairDecisions['byPath'], side: Side): Map<string, RelPath[]> {
  const folded = new Map<string, RelPath[]>()
  for (const path of new Set([...views[side].keys(), ...byPath.keys()])) {
    if (wantedItem(views, byPath, side, path) === undefined) continue
    const key = fold(path)
    folded.set(key, [...(folded.get(key) ?? []), path])
  }
  return folded
}

function fold(path: RelPath): string {
  return path.toLowerCase().normalize('NFC')
}

function lazyValue<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

function lazily<K, V>(make: () => ReadonlyMap<K, V>): (key: K) => V | undefined {
  const value = lazyValue(make)
  return (key) => value().get(key)
}

/** A path with its conflict copies, copies first. */
function groupsOf({ byPath }: PairDecisions): Iterable<readonly PathDecision[]> {
  const groups = new Map<RelPath, PathDecision[]>()
  for (const decision of byPath.values()) {
    const key = decision.copyOf ?? decision.path
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [decision])
    else if (decision.copyOf === undefined) group.push(decision)
    else group.unshift(decision)
  }
  return groups.values()
}

function planUnit(planning: Planning, group: readonly PathDecision[]): PairUnit {
  const records = [...group]
  const steps = group.flatMap((decision) =>
    (['source', 'destination'] as const).flatMap((side) => stepsFor(planning, decision, side, records)),
  )
  const last = group.at(-1)
  if (last === undefined) throw new Error('a group of decisions is empty')
  return { path: last.path, reason: last.reason, steps, records }
}

/** @param records takes the decision of a path that a rename empties. */
function stepsFor(planning: Planning, decision: PathDecision, side: Side, records: PathDecision[]): PairStep[] {
  const { path } = decision
  const wanted = decision[side]
  if (wanted.kind === 'as-is') return []
  const isVacated = planning.vacated[side].has(path)
  const now = isVacated ? undefined : planning.views[side].get(path)
  if (wanted.kind === 'nothing') return removal(side, path, now)
  const { item } = wanted
  const replaces = now ?? null
  const clear: PairStep[] = replaces?.kind === 'directory' ? [{ kind: 'remove-directory', side, path }] : []
  const replacing = replaces?.kind === 'directory' ? null : replaces
  if (item.kind === 'directory') {
    if (replaces?.kind === 'directory') return []
    return [{ kind: 'make-directory', side, path, item: { kind: 'directory', isMount: false }, replaces }]
  }
  if (isOwnMove(wanted, side, path)) {
    const left = planning.byPath.get(wanted.path)
    if (left?.[side].kind === 'nothing') records.push(left)
    const isAside = decision.reason === 'conflict-copy'
    return [...clear, { kind: 'rename', side, path, from: wanted.path, now: item, item, replaces: replacing, isAside }]
  }
  if (item.kind === 'symlink') return [...clear, { kind: 'symlink', side, path, item, replaces: replacing }]
  return [...clear, ...fileSteps(planning, { side, path, wanted, item, now, replaces: replacing }, records)]
}

function removal(side: Side, path: RelPath, now: Item | undefined): PairStep[] {
  if (now === undefined) return []
  return [now.kind === 'directory' ? { kind: 'remove-directory', side, path } : { kind: 'remove', side, path, now }]
}

interface WantedFile {
  readonly side: Side
  readonly path: RelPath
  readonly wanted: Extract<Wanted, { kind: 'item' }>
  readonly item: FileItem
  readonly now: Item | undefined
  readonly replaces: FileItem | LinkItem | null
}

/** The cheapest way to a file's bytes: they are there, a file of the side that goes, another of its files, the other side. */
function fileSteps(planning: Planning, file: WantedFile, records: PathDecision[]): PairStep[] {
  const { side, path, wanted, item, now, replaces } = file
  const isForced = wanted.isForced === true
  if (!isForced && now?.kind === 'file' && item.hash !== null && now.hash === item.hash) {
    return isAsWanted(now, item) ? [] : [{ kind: 'touch', side, path, item, now }]
  }
  const from = isForced || item.hash === null ? undefined : takeLeaving(planning, side, item.hash, path)
  const leaving = from === undefined ? undefined : planning.views[side].get(from)
  if (from !== undefined && leaving?.kind === 'file') {
    planning.renamed[side].add(from)
    const left = planning.byPath.get(from)
    if (left !== undefined) records.push(left)
    return [{ kind: 'rename', side, path, from, now: leaving, item, replaces, isAside: false }]
  }
  const copy = isForced || item.hash === null ? undefined : planning.stable[side](item.hash)
  const local = copy === undefined || copy === path ? undefined : planning.views[side].get(copy)
  const origin =
    copy !== undefined && local?.kind === 'file'
      ? { side, path: copy, item: local }
      : { side: wanted.side, path: wanted.path, item }
  return [{ kind: 'put', side, path, item, from: origin, replaces }]
}

function isAsWanted(now: FileItem, item: FileItem): boolean {
  const isSameBit = item.executable === null || now.executable === null || now.executable === item.executable
  return isSameBit && now.mtimeMs === item.mtimeMs
}

/**
 * One with the same name, if there is one: so a directory that was renamed keeps its files apart. A file for which a directory gives
 * way comes last, and by then nothing may be left in any such directory.
 */
function takeLeaving({ leaving, giving }: Planning, side: Side, hash: BlobHash, path: RelPath): RelPath | undefined {
  const paths = leaving[side].get(hash)
  if (paths === undefined) return undefined
  const isLast = giving[side].has(path)
  const isFit = (each: RelPath): boolean =>
    !isLast || !ancestorsOf(each).some((directory) => giving[side].has(directory))
  const named = paths.findIndex((each) => isFit(each) && nameOf(each) === nameOf(path))
  const at = named < 0 ? paths.findIndex(isFit) : named
  return at < 0 ? undefined : paths.splice(at, 1)[0]
}

/** Removals that became part of a rename are done with it. */
function withoutRenamed(units: readonly PairUnit[], { renamed, vacated }: Planning): PairUnit[] {
  return units.flatMap((unit) => {
    const steps = unit.steps.filter((step) => step.kind !== 'remove' || !renamed[step.side].has(step.path))
    const isPart = unit.steps.length > 0 && steps.length === 0
    const isVacated =
      steps.length === 0 &&
      (['source', 'destination'] as const).some(
        (side) => vacated[side].has(unit.path) && unit.records.every((record) => record[side].kind === 'nothing'),
      )
    return isPart || isVacated ? [] : [{ ...unit, steps }]
  })
}

function findBlock(unit: PairUnit, traits: EndsTraits, planning: Planning): PairPlan['blocked'][number] | undefined {
  for (const step of unit.steps) {
    const { side, path } = step
    if (step.kind === 'symlink' && !traits[side].symlinks) return { path, side, code: 'no-symlinks' }
    const isNew = step.kind === 'put' || step.kind === 'symlink' || step.kind === 'make-directory'
    if (!isNew || traits[side].caseSensitive || planning.views[side].has(path)) continue
    const alike = planning.folded(side).get(fold(path)) ?? []
    if (alike.length > 1) return { path, side, code: 'name-clash' }
  }
  return undefined
}

const RANK_DIRECTORY = 0
const RANK_CREATE = 1
const RANK_REMOVE = 2
const RANK_REMOVE_DIRECTORY = 3
const RANK_FILE_FOR_DIRECTORY = 4

/** Nothing waits for what comes after it. */
function inOrder(units: readonly PairUnit[]): PairUnit[] {
  const ranked = units.map((unit) => ({ unit, rank: rankOf(unit) }))
  ranked.sort((a, b) => a.rank - b.rank || (a.unit.path < b.unit.path ? -1 : 1) * (isDeepFirst(a.rank) ? -1 : 1))
  return ranked.map(({ unit }) => unit)
}

function isDeepFirst(rank: number): boolean {
  return rank === RANK_REMOVE_DIRECTORY || rank === RANK_FILE_FOR_DIRECTORY
}

function rankOf({ steps }: PairUnit): number {
  const kinds = new Set(steps.map(({ kind }) => kind))
  const isCreating = kinds.has('put') || kinds.has('symlink') || kinds.has('rename')
  if (kinds.has('remove-directory')) return isCreating ? RANK_FILE_FOR_DIRECTORY : RANK_REMOVE_DIRECTORY
  if (kinds.has('make-directory')) return RANK_DIRECTORY
  return kinds.has('remove') && !isCreating ? RANK_REMOVE : RANK_CREATE
}

/** What a step brings from the other side, in bytes. */
export function bytesAcross(step: PairStep): number {
  return step.kind === 'put' && step.from.side === otherSide(step.side) ? step.item.sizeBytes : 0
}
