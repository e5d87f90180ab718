/**
 * Carries out the plan of a pair in batches: the bytes of a batch are fetched, then both ends are changed, then it is remembered. A
 * batch that was cut off is planned anew, from what is there.
 */

import type { BlobHash } from '../../../protocol/ids.ts'
import type { PairChange, PairProblem } from '../../../protocol/api/pairs.ts'
import type { RelPath } from '../../../protocol/path.ts'
import type { PairViews, PathDecision } from '../../core/pair-decision.ts'
import type { PairStep, PairUnit } from '../../core/pair-plan.ts'
import { bytesAcross } from '../../core/pair-plan.ts'
import type { BaseRow, ChangeLabel, EndChange, Item, PairBase, Side, Sighting } from '../../pair-port.ts'
import type { AbortOptions, TreeOutcome } from '../../ports.ts'
import { reasonOf, toEndChanges, toPairChange } from './end-changes.ts'
import { fetchAll } from './fetch-bytes.ts'
import { problemOf } from './pair-problems.ts'
import type { FileProgress, Tell, TransferProgress } from './run-progress.ts'
import type { Ends } from './scan-ends.ts'
import { SIDES } from './scan-ends.ts'

/** Units, and bytes to fetch, of one batch. */
const BATCH_UNITS = 256
const BATCH_BYTES = 64 * 1024 * 1024

export interface UnitRun extends AbortOptions {
  readonly ends: Ends
  readonly base: PairBase
  readonly views: PairViews
  readonly progress: TransferProgress
  readonly tell: Tell
}

export interface RunUnits {
  /** Each change that was made, with the steps of its unit. */
  readonly done: readonly { readonly step: PairStep; readonly change: PairChange }[]
  readonly problems: readonly PairProblem[]
  /** Paths that were found otherwise than expected: to be looked at again. */
  readonly changed: readonly RelPath[]
  /** Directories that stay, because something in them is not synced. */
  readonly stayed: number
  readonly bytes: Readonly<Record<Side, number>>
}

interface Sums {
  /** Directories that were not empty, and may be once the rest is done. */
  readonly notEmpty: PairUnit[]
  readonly done: { step: PairStep; change: PairChange }[]
  readonly problems: PairProblem[]
  readonly changed: RelPath[]
  stayed: number
  readonly bytes: Record<Side, number>
}

export async function runUnits(run: UnitRun, units: readonly PairUnit[]): Promise<RunUnits> {
  const sums: Sums = {
    done: [],
    problems: [],
    changed: [],
    notEmpty: [],
    stayed: 0,
    bytes: { source: 0, destination: 0 },
  }
  run.progress.start()
  let rest = units
  while (rest.length > 0) {
    run.signal.throwIfAborted()
    const { batch, later } = takeBatch(rest)
    rest = later
    await runBatch(run, batch, sums)
  }
  await runBatch(run, sums.notEmpty.splice(0), sums)
  sums.stayed = sums.notEmpty.length
  run.progress.end()
  return sums
}

/** An end has a blob once, so units that want the same bytes on one side go one after the other. */
function takeBatch(units: readonly PairUnit[]): { batch: readonly PairUnit[]; later: readonly PairUnit[] } {
  const batch: PairUnit[] = []
  const skipped: PairUnit[] = []
  const taken = new Set<string>()
  let bytes = 0
  let at = 0
  for (; at < units.length && batch.length < BATCH_UNITS && bytes < BATCH_BYTES; at += 1) {
    const unit = units[at]
    if (unit === undefined) break
    const blobs = unit.steps.flatMap((step) =>
      step.kind === 'put' ? [`${step.side} ${step.item.hash ?? step.path}`] : [],
    )
    if (blobs.some((blob) => taken.has(blob))) skipped.push(unit)
    else {
      batch.push(unit)
      for (const blob of blobs) taken.add(blob)
      bytes += unit.steps.reduce((sum, step) => sum + bytesAcross(step), 0)
    }
    if (skipped.length >= BATCH_UNITS) {
      at += 1
      break
    }
  }
  return { batch, later: [...skipped, ...units.slice(at)] }
}

/** A unit on its way. */
interface Going {
  readonly unit: PairUnit
  readonly hashes: ReadonlyMap<PairStep, BlobHash>
  readonly files: ReadonlyMap<PairStep, FileProgress>
}

async function runBatch(run: UnitRun, batch: readonly PairUnit[], sums: Sums): Promise<void> {
  if (batch.length === 0) return
  const going: Going[] = []
  const fetched = await fetchAll(run, batch)
  for (const each of fetched) {
    sums.bytes.source += each.bytes.source
    sums.bytes.destination += each.bytes.destination
    if (each.kind === 'here') going.push(each)
    else if (each.kind === 'changed') sums.changed.push(each.unit.path)
    else fail(run, sums, each.problem)
  }
  const outcomes = {
    source: await changeSide(run, 'source', going),
    destination: await changeSide(run, 'destination', going),
  }
  const set: BaseRow[] = []
  const drop: RelPath[] = []
  const seen: Sighting[] = []
  for (const each of going) record(run, each, outcomes, { sums, set, drop, seen })
  run.base.remember({ set, drop, seen, isSettled: true })
}

type Outcomes = ReadonlyMap<PairStep, readonly TreeOutcome[]>

async function changeSide({ ends, signal }: UnitRun, side: Side, going: readonly Going[]): Promise<Outcomes> {
  const changes: { readonly step: PairStep; readonly own: readonly EndChange[] }[] = []
  const label = labelOf(side, going)
  for (const { unit, hashes } of going) {
    for (const step of unit.steps) {
      if (step.side === side) changes.push({ step, own: toEndChanges(step, hashes.get(step)) })
    }
  }
  const outcomes = await ends[side].change(
    changes.flatMap(({ own }) => own),
    label,
    { signal },
  )
  let next = 0
  return new Map(
    changes.map(({ step, own }) => {
      next += own.length
      return [step, outcomes.slice(next - own.length, next)]
    }),
  )
}

function labelOf(side: Side, going: readonly Going[]): ChangeLabel {
  const reasons = new Map<RelPath, string>()
  const hashes = new Map<RelPath, BlobHash>()
  for (const { unit } of going) {
    for (const step of unit.steps) {
      if (step.side !== side) continue
      reasons.set(step.path, reasonOf(step, unit))
      const now = step.kind === 'remove' ? step.now : 'replaces' in step ? step.replaces : null
      if (now?.kind === 'file' && now.hash !== null) hashes.set(step.path, now.hash)
    }
  }
  return { reasonOf: (path) => reasons.get(path) ?? 'to-destination', hashOf: (path) => hashes.get(path) ?? null }
}

interface Recording {
  readonly sums: Sums
  readonly set: BaseRow[]
  readonly drop: RelPath[]
  readonly seen: Sighting[]
}

/** What was done of a unit; it is remembered only when all of it was. */
function record(run: UnitRun, going: Going, outcomes: Record<Side, Outcomes>, into: Recording): void {
  const { unit, files } = going
  const { sums } = into
  let isWhole = true
  const after = new Map<string, Item | undefined>()
  for (const step of unit.steps) {
    const own = outcomes[step.side].get(step) ?? []
    const bad = own.find(({ kind }) => kind !== 'done')
    if (bad === undefined) {
      const change = toPairChange(step, unit)
      sums.done.push({ step, change })
      files.get(step)?.done()
      run.tell({ kind: 'path.changed', ...change })
      const item = itemAfter(step, own.at(-1), going.hashes.get(step))
      after.set(keyOf(step.side, step.path), item)
      if (item?.kind === 'file' && item.hash !== null)
        into.seen.push({ side: step.side, path: step.path, look: item.look, hash: item.hash })
      continue
    }
    isWhole = false
    files.get(step)?.failed(bad.kind, bad.kind === 'changed')
    if (bad.kind === 'changed') sums.changed.push(step.path)
    else if (bad.kind === 'not-empty' && isOnlyRemoval(unit)) sums.notEmpty.push(unit)
    else fail(run, sums, problemOf(step, bad))
  }
  if (isWhole) for (const decision of unit.records) remember(run, decision, after, into)
}

function isOnlyRemoval({ steps }: PairUnit): boolean {
  return steps.every(({ kind }) => kind === 'remove-directory')
}

function keyOf(side: Side, path: RelPath): string {
  return `${side} ${path}`
}

/** What is there now, with its new look. */
function itemAfter(step: PairStep, outcome: TreeOutcome | undefined, hash: BlobHash | undefined): Item | undefined {
  if (step.kind === 'remove' || step.kind === 'remove-directory') return undefined
  if (step.kind === 'make-directory') return step.item
  const look = outcome?.kind === 'done' ? outcome.fingerprint : null
  if (look === null) return undefined
  if (step.item.kind === 'file') return { ...step.item, look, hash: hash ?? step.item.hash }
  return { ...step.item, look }
}

function remember(
  { views }: UnitRun,
  decision: PathDecision,
  after: ReadonlyMap<string, Item | undefined>,
  into: Recording,
): void {
  const { path, base } = decision
  if (base === 'drop') into.drop.push(path)
  if (base !== 'agree') return
  const now = (side: Side): Item | undefined => {
    const key = keyOf(side, path)
    return after.has(key) ? after.get(key) : views[side].get(path)
  }
  const [source, destination] = SIDES.map(now)
  if (source !== undefined && destination !== undefined) into.set.push({ path, source, destination })
}

function fail({ tell }: UnitRun, sums: Sums, problem: PairProblem): void {
  sums.problems.push(problem)
  tell({ kind: 'path.problem', ...problem })
}
