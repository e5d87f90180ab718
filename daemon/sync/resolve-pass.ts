/**
 * The way in: dirty paths are decided and applied in batches, the last path first. What lacks bytes wants them; what was found
 * otherwise than expected is observed first. Everything is decided anew each time from what is known.
 */

import type { BlobRef } from '../../protocol/chunks.ts'
import type { BlobHash, FolderId } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { DirtyPath } from '../catalogue-port.ts'
import { isMassDelete, useAgreement } from '../core/guard.ts'
import type { Step } from '../core/plan.ts'
import { presentOf } from '../core/local.ts'
import { bumpedJoin, follow } from '../core/resolve.ts'
import type { AbortOptions, FileTree } from '../ports.ts'
import { apply } from './apply.ts'
import type { Applied } from './apply.ts'
import { newBatch } from './batch.ts'
import { noteBlocked } from './blocked.ts'
import { decide, planAgain } from './decide.ts'
import type { Decision } from './decide.ts'
import { withoutMoved } from './deletions.ts'
import type { Deletion } from './deletions.ts'
import type { Folder, Halt } from './folder.ts'
import type { PlannedFile } from './planned.ts'
import type { PullQueue } from './pull.ts'
import { resolverOf, sends } from './folder.ts'
import { rootHalt } from './root-halt.ts'

/** Paths that are decided and applied together: enough for one sync of each directory to pay, few enough to stay prompt. */
const BATCH_PATHS = 512

/** The queue of pulls, as a pass uses it. */
export type Pulls = Pick<PullQueue, 'want' | 'unwant' | 'unwantFolder' | 'totals'>

export interface PassOutcome {
  readonly steps: number
  /** Paths that are still dirty, and for which something else must happen first. */
  readonly left: number
  readonly halt: Halt | null
  /** What was left can go on at once, after what this pass did. */
  readonly isMoreReady: boolean
}

export async function resolvePass(
  folder: Folder,
  pulls: Pulls,
  treeOf: (folder: FolderId) => FileTree | undefined,
  o: AbortOptions,
): Promise<PassOutcome> {
  const rootFault = await rootHalt(folder)
  if (rootFault !== null) return halted(rootFault)
  const guarded = guard(folder)
  if (guarded.halt !== null) return halted(guarded.halt)
  let steps = 0
  let left = 0
  let isMoreReady = false
  const pass = newBatch(folder)
  for (let files = folder.planned.take(BATCH_PATHS); files.length > 0; files = folder.planned.take(BATCH_PATHS)) {
    const { steps: planned } = planAgain(
      folder,
      files.map(({ target }) => target),
    )
    const applied = await apply(folder, planned, pass, treeOf, o)
    const undone = settlePlanned(folder, files, planned, applied)
    left += undone
    steps += planned.length
    isMoreReady ||= undone > 0 && applied.done.length > 0
  }
  let before: RelPath | null = null
  for (;;) {
    const batch = folder.deps.catalogue.read((tx) => tx.dirty(folder.id, before, BATCH_PATHS))
    const last = batch.at(-1)
    if (last === undefined) break
    before = last.path
    const decision = decide(folder, batch, folder.landed)
    const applied = await apply(folder, decision.plan.steps, pass, treeOf, o)
    left += settle(folder, batch, decision, applied, pulls)
    steps += decision.plan.steps.length
    isMoreReady ||= decision.plan.later.length > 0 && applied.done.length > 0
  }
  if (guarded.isDecided) folder.decision = null
  return { steps, left, halt: null, isMoreReady }
}

function halted(halt: Halt): PassOutcome {
  return { steps: 0, left: 0, halt, isMoreReady: false }
}

/** Whether the pass would delete too much, counted over all that is dirty. A person's answer is carried out. */
function guard(folder: Folder): { readonly halt: Halt | null; readonly isDecided: boolean } {
  folder.hasNews = false
  folder.judgedMs = folder.deps.clock.monotonicMs()
  return judge(folder)
}

function judge(folder: Folder): { readonly halt: Halt | null; readonly isDecided: boolean } {
  const { live, atMost } = folder.deps.catalogue.read((tx) => ({
    live: tx.totals(folder.id).live,
    atMost: tx.dirtyDeletes(folder.id),
  }))
  if (!isMassDelete(atMost, live)) return { halt: null, isDecided: false }
  const deletes = exactDeletes(folder)
  if (!isMassDelete(deletes.length, live)) return { halt: null, isDecided: false }
  if (folder.decision === null) {
    const agreed = useAgreement(folder.agreed, deletes.length, folder.deps.clock.monotonicMs())
    if (agreed !== null) {
      folder.agreed = agreed
      return { halt: null, isDecided: false }
    }
    return { halt: { kind: 'mass-delete-elsewhere', deletes: deletes.length, live }, isDecided: false }
  }
  if (folder.decision === 'reject') refuse(folder, deletes)
  return { halt: null, isDecided: true }
}

/** What the pass would delete, without files whose content has another path. */
function exactDeletes(folder: Folder): readonly RelPath[] {
  const deletes: Deletion[] = []
  let before: RelPath | null = null
  for (;;) {
    const batch: DirtyPath[] = folder.deps.catalogue.read((tx) => tx.dirty(folder.id, before, BATCH_PATHS))
    const last = batch.at(-1)
    if (last === undefined) return folder.deps.catalogue.read((tx) => withoutMoved(tx, folder.id, deletes))
    before = last.path
    deletes.push(...decide(folder, batch, folder.landed).deletes)
  }
}

/** The deletions are rejected, here or on another device. */
function refuse(folder: Folder, paths: readonly RelPath[]): void {
  if (sends(folder)) assertLive(folder, paths)
  else keepHere(folder, paths)
}

/** A device that only receives has no say in what the others delete, and keeps what it has. */
function keepHere(folder: Folder, paths: readonly RelPath[]): void {
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    for (const path of paths) {
      const own = tx.own(folder.id, path)
      const others = tx.others(folder.id, path).map(({ entry }) => entry)
      const verdict = follow(own?.entry, others)
      const present = presentOf(own)
      if (own === undefined || present === undefined || verdict.kind !== 'adopt') continue
      const local = { ...present, mtimeMs: own.entry.mtimeMs, isUnwanted: false, isOnlyHere: false }
      tx.setOwn(folder.id, { entry: verdict.entry, fingerprint: null, local: own.local ?? local }, 'resolved')
    }
  })
  folder.toPublish.raise()
}

/** Our live entries have seen the deletions, and win everywhere. */
function assertLive(folder: Folder, paths: readonly RelPath[]): void {
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    for (const path of paths) {
      const own = tx.own(folder.id, path)
      if (own === undefined) continue
      const others = tx.others(folder.id, path).map(({ entry }) => entry)
      const version = bumpedJoin([own.entry, ...others], resolverOf(folder))
      tx.setOwn(folder.id, { ...own, entry: { ...own.entry, version } }, 'observed')
    }
  })
  folder.toPublishNow.raise()
  folder.toPublish.raise()
}

/** What was placed is clean; the rest is decided anew. @returns how much that is. */
function settlePlanned(
  folder: Folder,
  files: readonly PlannedFile[],
  steps: readonly Step[],
  applied: Applied,
): number {
  const done = new Set(applied.done)
  const undone = files.filter(({ dirty }) => !done.has(dirty.path))
  for (const { dirty } of files) folder.waiting.delete(dirty.path)
  for (const path of done) folder.wishes.delete(path)
  forgetPlaced(folder, steps, applied)
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    tx.clearDirty(
      folder.id,
      files.flatMap(({ dirty }) => (done.has(dirty.path) ? [dirty] : [])),
    )
    for (const { hash } of undone) tx.blobLanded(folder.id, hash)
  })
  return undone.length
}

/** What a batch leaves behind: finished paths are clean, others wait for bytes or for the next pass. @returns how many wait for the next pass. */
function settle(
  folder: Folder,
  batch: readonly DirtyPath[],
  decision: Decision,
  applied: Applied,
  pulls: Pulls,
): number {
  const { plan, settled } = decision
  const stamps = new Map(batch.map((dirty) => [dirty.path, dirty]))
  const open = new Set([...plan.later, ...applied.changed, ...applied.failed, ...plan.wants.map(({ path }) => path)])
  const unfinished = unfinishedUnits(plan.steps, applied)
  const clean = batch.filter(({ path }) => !open.has(path) && !unfinished.has(path))
  for (const path of applied.done) folder.wishes.delete(path)
  forgetPlaced(folder, plan.steps, applied)
  noteBlocked(folder, stamps.keys(), decision.blocked)
  const wanted = accepted(folder, wantedByPath(plan.wants), pulls)
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    tx.clearDirty(folder.id, clean)
    for (const [path, blobs] of wanted) {
      const dirty = stamps.get(path)
      const [first] = blobs
      if (dirty !== undefined && first !== undefined) tx.setWaiting(folder.id, dirty, first.hash)
    }
  })
  updateWaiting(folder, [...settled, ...batch.map(({ path }) => path)], wanted, pulls)
  keepPlanned(folder, decision, stamps)
  return batch.length - clean.length - wanted.size
}

/** What did not come about stays dirty: also a path whose deletion is part of a rename. */
function unfinishedUnits(steps: readonly Step[], applied: Applied): ReadonlySet<RelPath> {
  const done = new Set(applied.done)
  const undone = steps.filter(({ entry }) => !done.has(entry.path))
  return new Set(
    undone.flatMap(({ entry, action }) => (action.kind === 'rename' ? [entry.path, action.from] : [entry.path])),
  )
}

/** The store no longer has what was placed; a blob that was not found there is wanted again. */
function forgetPlaced(folder: Folder, steps: readonly Step[], applied: Applied): void {
  const kept = new Set(applied.failed)
  for (const { entry, action } of steps) {
    if ((action.kind === 'place' || action.kind === 'copy') && entry.content.kind === 'file' && !kept.has(entry.path)) {
      folder.landed.delete(entry.content.hash)
    }
  }
}

/** Those that the queue takes; the others stay dirty and are wanted again by a later pass. */
function accepted(folder: Folder, wanted: ReadonlyMap<RelPath, BlobRef[]>, pulls: Pulls): Map<RelPath, BlobRef[]> {
  return new Map(
    [...wanted].filter(([, blobs]) => blobs.map((blob) => pulls.want({ folder: folder.id, blob })).every(Boolean)),
  )
}

function wantedByPath(wants: Decision['plan']['wants']): Map<RelPath, BlobRef[]> {
  const wanted = new Map<RelPath, BlobRef[]>()
  for (const { path, blob } of wants) wanted.set(path, [...(wanted.get(path) ?? []), blob])
  return wanted
}

/** Wants what is newly waited for, and no longer what nobody waits for. */
function updateWaiting(
  folder: Folder,
  paths: readonly RelPath[],
  wanted: ReadonlyMap<RelPath, readonly BlobRef[]>,
  pulls: Pulls,
): void {
  const dropped = new Set<BlobHash>()
  for (const path of paths) {
    const hashes = folder.waiting.get(path) ?? []
    for (const hash of hashes) dropped.add(hash)
    folder.planned.drop(path, hashes)
    folder.waiting.delete(path)
  }
  for (const [path, blobs] of wanted) {
    folder.waiting.set(
      path,
      blobs.map(({ hash }) => hash),
    )
    for (const blob of blobs) dropped.delete(blob.hash)
  }
  if (dropped.size === 0) return
  const waited = new Set([...folder.waiting.values()].flat())
  for (const hash of dropped) if (!waited.has(hash) && !folder.landed.has(hash)) pulls.unwant(folder.id, hash)
}

/** New files that lack nothing but their bytes. */
function keepPlanned(folder: Folder, { targets }: Decision, stamps: ReadonlyMap<RelPath, DirtyPath>): void {
  for (const target of targets) {
    const hashes = folder.waiting.get(target.entry.path) ?? []
    const [hash] = hashes
    const dirty = stamps.get(target.entry.path)
    const isNew = target.own === undefined && target.copies.length === 0 && target.local === undefined
    if (isNew && hash !== undefined && dirty !== undefined) folder.planned.add({ dirty, hash, target })
    else folder.planned.share(hashes)
  }
}

/** Blobs are whole in the root's store: what was planned with them is done, what else waits for them is resolved again. */
export function blobsLanded(folder: Folder, hashes: readonly BlobHash[]): void {
  for (const hash of hashes) folder.landed.add(hash)
  const others = hashes.filter((hash) => !folder.planned.landed(hash))
  if (others.length > 0) {
    folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
      for (const hash of others) tx.blobLanded(folder.id, hash)
    })
  }
  folder.toResolve.raise()
}
