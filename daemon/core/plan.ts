/**
 * From verdicts to ordered steps. The plan of a batch is derived from what is known and never stored. Creates come before
 * deletes, so that a file which moved is renamed; directories come before their children and go after them.
 *
 * Steps fall into waves, each of which is done before the next is prepared: a path waits for its conflict copies, so that none of
 * them can fail when it is too late; and a store holds each blob once, so that copies of one blob go one after the other.
 */

import type { BlobRef } from '../../protocol/chunks.ts'
import type { Entry, FileContent } from '../../protocol/entry.ts'
import type { BlobHash, FolderId } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { LocalContent, OwnRow } from '../catalogue-port.ts'
import type { Fingerprint } from '../ports.ts'
import { presentOf } from './local.ts'
import type { ReasonCode } from './resolve.ts'

/** What a path becomes. */
export interface Target {
  readonly entry: Entry
  readonly own: OwnRow | undefined
  readonly reason: ReasonCode
  /** Paths that must become theirs in the same batch or not at all: the conflict copies of this path. */
  readonly copies: readonly Target[]
  /** What stays at the path on this device alone: what an archive keeps; or, of a copy, what comes from the path that it is a copy of. */
  readonly local?: LocalContent
}

/** Where the bytes of a file come from on this device. */
export interface LocalFile {
  readonly folder: FolderId
  readonly path: RelPath
  readonly fingerprint: Fingerprint
}

/** What a plan may use; all of it known before. */
export interface Means {
  /** Whole blobs in the root's store. */
  readonly landed: ReadonlySet<BlobHash>
  /** A file of this device with these bytes, whatever its folder. */
  localCopy(hash: BlobHash): LocalFile | undefined
  /** Files whose bytes are known to be bad: none is left where it is, moved or copied as what it should be. */
  readonly damaged?: ReadonlySet<RelPath>
}

/** One change of the disk, still without the names that only the applier gives. */
export type Action =
  | { readonly kind: 'place'; readonly hash: BlobHash }
  /** Copies a file of this device into the store first. */
  | { readonly kind: 'copy'; readonly blob: BlobRef; readonly from: LocalFile }
  /** `leaves` is the tombstone of `from`, where its deletion is part of the plan. */
  | { readonly kind: 'rename'; readonly from: RelPath; readonly expect: Fingerprint; readonly leaves: Entry | null }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'make-directory' }
  | { readonly kind: 'touch' }
  | { readonly kind: 'remove' }
  | { readonly kind: 'remove-directory' }
  /** Nothing on the disk: the same content under another vector, or a tombstone of what never was here. */
  | { readonly kind: 'record' }

export interface Step {
  readonly entry: Entry
  readonly own: OwnRow | undefined
  readonly action: Action
  readonly reason: ReasonCode
  /** Whether the file at the path has gone away in an earlier step of the batch (renamed to a conflict copy or elsewhere). */
  readonly isVacated: boolean
  /** Conflict copies, all in earlier waves, without which the step must not be done. */
  readonly copies: readonly RelPath[]
  /** From 0; the steps of a plan are in the order of their waves. */
  readonly wave: number
  /** What is at the path on this device alone, afterwards. */
  readonly local?: LocalContent
}

export interface Plan {
  readonly steps: readonly Step[]
  /** Bytes that no place of this device has; the paths wait for them. */
  readonly wants: readonly { readonly blob: BlobRef; readonly path: RelPath }[]
  /** Paths that could not be planned beside the others of the batch: they come next time. */
  readonly later: readonly RelPath[]
}

export function plan(targets: readonly Target[], means: Means): Plan {
  const steps: Step[] = []
  const wants: Plan['wants'][number][] = []
  const later: RelPath[] = []
  const planning: Planning = { means, leaving: leavingFiles(targets, means), waves: new Map() }
  for (const target of targets) {
    const unit = planUnit(target, planning)
    if (unit.kind === 'steps') steps.push(...unit.steps)
    else if (unit.kind === 'wants') wants.push(...unit.blobs.map((blob) => ({ blob, path: target.entry.path })))
    else later.push(target.entry.path)
  }
  return { steps: inOrder(joinRenames(steps)), wants, later }
}

/** What the targets of one plan share. */
interface Planning {
  readonly means: Means
  /** Files on the disk whose paths are to be deleted, by hash: each can be renamed once. */
  readonly leaving: Map<BlobHash, OwnRow[]>
  /** The first wave in which the store's place of a blob is free. */
  readonly waves: Map<BlobHash, number>
}

/** A deletion whose file is renamed in the same plan is part of the rename: both happen, or neither. */
function joinRenames(steps: readonly Step[]): Step[] {
  const removals = new Map(steps.filter((step) => step.action.kind === 'remove').map((step) => [step.entry.path, step]))
  const renamed = new Set<RelPath>()
  const joined = steps.map((step) => {
    if (step.action.kind !== 'rename') return step
    const removal = removals.get(step.action.from)
    if (removal === undefined) return step
    renamed.add(step.action.from)
    return { ...step, action: { ...step.action, leaves: removal.entry } }
  })
  return joined.filter((step) => step.action.kind !== 'remove' || !renamed.has(step.entry.path))
}

type Unit =
  | { readonly kind: 'steps'; readonly steps: readonly Step[] }
  | { readonly kind: 'wants'; readonly blobs: readonly BlobRef[] }
  | { readonly kind: 'later' }

function leavingFiles(targets: readonly Target[], { damaged }: Means): Map<BlobHash, OwnRow[]> {
  const leaving = new Map<BlobHash, OwnRow[]>()
  for (const { own, entry, local } of targets) {
    if (local !== undefined) continue
    if (own?.entry.content.kind !== 'file' || own.fingerprint === null || entry.content.kind !== 'deleted') continue
    if (damaged?.has(entry.path) === true) continue
    const rows = leaving.get(own.entry.content.hash) ?? []
    leaving.set(own.entry.content.hash, [...rows, own])
  }
  return leaving
}

/** A target and its conflict copies: all of them, or what they wait for. */
function planUnit(target: Target, planning: Planning): Unit {
  const steps: Step[] = []
  const blobs: BlobRef[] = []
  let isVacated = false
  for (const copy of target.copies) {
    const mayMove: boolean =
      !isVacated && copy.copies.length === 0 && planning.means.damaged?.has(target.entry.path) !== true
    const aside: Step | undefined = mayMove ? moveAside(target, copy) : undefined
    isVacated ||= aside !== undefined
    const found: Unit = aside === undefined ? planUnit(copy, planning) : { kind: 'steps', steps: [aside] }
    if (found.kind === 'later') return found
    if (found.kind === 'wants') blobs.push(...found.blobs)
    else steps.push(...found.steps)
  }
  const wave = steps.reduce((next, step) => Math.max(next, step.wave + 1), 0)
  const found = planOne(target, planning, isVacated, wave)
  if (found.kind === 'later') return found
  if (found.kind === 'wants') blobs.push(...found.blobs)
  else steps.push(...found.steps)
  return blobs.length > 0 ? { kind: 'wants', blobs } : { kind: 'steps', steps }
}

/** The conflict copy of our own file is that file, renamed: no byte is copied. */
function moveAside(target: Target, copy: Target): Step | undefined {
  const { own } = target
  if (copy.local !== undefined) return moveLocal(target, copy, copy.local)
  if (own?.entry.content.kind !== 'file' || own.fingerprint === null || copy.entry.content.kind !== 'file')
    return undefined
  const isThere = copy.own !== undefined && copy.own.fingerprint !== null
  if (isThere || own.entry.content.hash !== copy.entry.content.hash) return undefined
  return {
    entry: copy.entry,
    own: copy.own,
    action: { kind: 'rename', from: target.entry.path, expect: own.fingerprint, leaves: null },
    reason: copy.reason,
    isVacated: false,
    copies: [],
    wave: 0,
  }
}

/** What only this device has makes way, and stays on this device alone. */
function moveLocal(target: Target, copy: Target, local: LocalContent): Step | undefined {
  const { fingerprint } = local
  if (fingerprint === null) return undefined
  return {
    entry: copy.entry,
    own: copy.own,
    action: { kind: 'rename', from: target.entry.path, expect: fingerprint, leaves: null },
    reason: copy.reason,
    isVacated: false,
    copies: [],
    wave: 0,
    local,
  }
}

/** @param wave the first in which the step may be done. */
function planOne(target: Target, planning: Planning, isVacated: boolean, wave: number): Unit {
  const found = actionFor(target, planning, isVacated, wave)
  if (found.kind !== 'action') return found
  const step: Step = {
    entry: target.entry,
    own: target.own,
    action: found.action,
    reason: target.reason,
    isVacated,
    copies: target.copies.map(({ entry }) => entry.path),
    wave: found.wave,
    ...(target.local !== undefined && { local: target.local }),
  }
  return { kind: 'steps', steps: [step] }
}

type Found =
  Exclude<Unit, { kind: 'steps' }> | { readonly kind: 'action'; readonly action: Action; readonly wave: number }

function actionFor(target: Target, planning: Planning, isVacated: boolean, wave: number): Found {
  const { content } = target.entry
  const present = isVacated ? undefined : presentOf(target.own)?.content
  const isDamaged = planning.means.damaged?.has(target.entry.path) === true
  const one = (action: Action): Found => ({ kind: 'action', action, wave })
  if (target.reason === 'left-out') return one({ kind: 'record' })
  switch (content.kind) {
    case 'deleted':
      if (present === undefined || target.local !== undefined) return one({ kind: 'record' })
      return one({ kind: present.kind === 'directory' ? 'remove-directory' : 'remove' })
    case 'directory':
      return one({ kind: present?.kind === 'directory' ? 'record' : 'make-directory' })
    case 'symlink':
      if (present?.kind === 'symlink' && present.target === content.target) return one({ kind: 'record' })
      return one({ kind: 'symlink', target: content.target })
    case 'file':
      if (present?.kind === 'file' && present.hash === content.hash && !isDamaged)
        return one(sameBytesAction(target, content, present))
      return bytesFor(content, planning, wave)
  }
}

function sameBytesAction(target: Target, content: FileContent, present: FileContent): Action {
  const mtimeMs = target.own?.local?.mtimeMs ?? target.own?.entry.mtimeMs
  const isTimeSame = target.reason === 'same-content' || mtimeMs === target.entry.mtimeMs
  const isSame = content.executable === present.executable && isTimeSame
  return { kind: isSame ? 'record' : 'touch' }
}

/** The cheapest place that has a file's bytes: a file that leaves, the store, another file, another device. */
function bytesFor(content: FileContent, { means, leaving, waves }: Planning, earliest: number): Found {
  const { hash } = content
  const moved = leaving.get(hash)?.pop()
  if (moved?.fingerprint != null) {
    const action = { kind: 'rename', from: moved.entry.path, expect: moved.fingerprint, leaves: null } as const
    return { kind: 'action', action, wave: earliest }
  }
  const free = waves.get(hash)
  const wave = Math.max(free ?? 0, earliest)
  if (free === undefined && means.landed.has(hash)) {
    waves.set(hash, wave + 1)
    return { kind: 'action', action: { kind: 'place', hash }, wave }
  }
  const blob: BlobRef = { hash, sizeBytes: content.sizeBytes, chunks: content.chunks }
  const from = means.localCopy(hash)
  if (from !== undefined) {
    waves.set(hash, wave + 1)
    return { kind: 'action', action: { kind: 'copy', blob, from }, wave }
  }
  return free === undefined ? { kind: 'wants', blobs: [blob] } : { kind: 'later' }
}

/** Nothing waits for what comes after it: creations by their waves, then what makes way, then what takes its place. */
function inOrder(steps: readonly Step[]): readonly Step[] {
  const ranked = steps.map((step) => ({ step, rank: rankOf(step) }))
  const lastWave = ranked.reduce((last, { step }) => Math.max(last, step.wave), 0)
  const placed = ranked.map(({ step, rank }) => ({
    step:
      rank < RANK_REMOVE ? step : { ...step, wave: rank < RANK_FILE_FOR_DIRECTORY ? lastWave : lastWave + step.wave },
    rank,
  }))
  placed.sort((a, b) => a.step.wave - b.step.wave || a.rank - b.rank || byDepth(a.step, b.step, a.rank))
  return placed.map(({ step }) => step)
}

/** Our own file goes aside before anything takes its place. */
const RANK_ASIDE = 0
const RANK_DIRECTORY = 1
const RANK_RENAME = 2
const RANK_CREATE = 3
const RANK_REMOVE = 4
const RANK_REMOVE_DIRECTORY = 5
const RANK_FILE_FOR_DIRECTORY = 6

function rankOf({ action, own, isVacated, reason, local }: Step): number {
  switch (action.kind) {
    case 'make-directory':
      return RANK_DIRECTORY
    case 'remove':
      return RANK_REMOVE
    case 'remove-directory':
      return RANK_REMOVE_DIRECTORY
    case 'rename':
      if (reason === 'conflict-copy' || local !== undefined) return RANK_ASIDE
      return replacesDirectory(own, isVacated) ? RANK_FILE_FOR_DIRECTORY : RANK_RENAME
    case 'place':
    case 'copy':
    case 'symlink':
      return replacesDirectory(own, isVacated) ? RANK_FILE_FOR_DIRECTORY : RANK_CREATE
    case 'touch':
    case 'record':
      return RANK_CREATE
  }
}

export function replacesDirectory(own: OwnRow | undefined, isVacated: boolean): boolean {
  return !isVacated && presentOf(own)?.content.kind === 'directory'
}

/** Parents first, but for removals: children first. */
function byDepth(a: Step, b: Step, rank: number): number {
  const order = a.entry.path < b.entry.path ? -1 : 1
  return rank === RANK_REMOVE_DIRECTORY || rank === RANK_FILE_FOR_DIRECTORY ? -order : order
}
