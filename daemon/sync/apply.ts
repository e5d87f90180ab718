/**
 * Apply: the steps of a plan on the disk, and what came of them in the catalogue. A step that finds something else than it expects
 * changes nothing; its path is observed again. One transaction records a batch.
 */

import type { RelPath } from '../../protocol/path.ts'
import { ROOT, parentOf } from '../../protocol/path.ts'
import { compareVectors } from '../../protocol/vector.ts'
import type { CatalogueReader, CatalogueWriter, LocalContent, OwnRow, PlannedIntent } from '../catalogue-port.ts'
import { isUnsaid, presentOf } from '../core/local.ts'
import type { Action, Step } from '../core/plan.ts'
import { replacesDirectory } from '../core/plan.ts'
import type {
  AbortOptions,
  ApplyFault,
  FileIdentity,
  FileTree,
  Fingerprint,
  StoredBlob,
  TreeChange,
  TreeOutcome,
} from '../ports.ts'
import type { Batch } from './batch.ts'
import { labelOf, versionName } from './batch.ts'
import { suspect } from './damage.ts'
import type { Folder } from './folder.ts'
import { hint } from './folder.ts'
import { faultSentence } from './problem-sentences.ts'

/** Copies within this device that run at once. */
const COPIES_AT_ONCE = 4

export interface Applied {
  readonly done: readonly RelPath[]
  /** Found otherwise than expected: to be observed, then resolved again. */
  readonly changed: readonly RelPath[]
  /** Failed for a reason outside: to be tried again later. */
  readonly failed: readonly RelPath[]
}

/** A step with the disk changes that it takes, in order. */
interface Prepared {
  readonly step: Step
  readonly changes: readonly TreeChange[]
  readonly arriving: FileIdentity | null
}

interface Run {
  readonly folder: Folder
  readonly batch: Batch
  /** The tree of another folder of this device, to copy bytes from. */
  readonly treeOf: (folder: Folder['id']) => FileTree | undefined
  readonly o: AbortOptions
  readonly done: Set<RelPath>
  readonly changed: RelPath[]
  readonly failed: RelPath[]
}

/** @param batch of the whole pass. @param treeOf the tree of another folder of this device, to copy bytes from. */
export function apply(
  folder: Folder,
  steps: readonly Step[],
  batch: Batch,
  treeOf: (folder: Folder['id']) => FileTree | undefined,
  o: AbortOptions,
): Promise<Applied> {
  const run: Run = { folder, batch, treeOf, o, done: new Set(), changed: [], failed: [] }
  return folder.changing.use(() => applySteps(run, steps))
}

async function applySteps(run: Run, steps: readonly Step[]): Promise<Applied> {
  const { folder } = run
  const paths = touchedPaths(steps)
  folder.gate.begin(paths)
  try {
    for (const wave of wavesOf(steps)) await applyWave(run, wave)
  } finally {
    folder.gate.end(paths)
  }
  if (run.changed.length > 0) hint(folder, run.changed.map(parentOf))
  return { done: [...run.done], changed: run.changed, failed: run.failed }
}

/** Steps that are prepared and done together, in order. */
function wavesOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const waves: Step[][] = []
  for (const step of steps) {
    const last = waves.at(-1)
    if (last?.[0]?.wave === step.wave) last.push(step)
    else waves.push([step])
  }
  return waves
}

/** A path whose conflict copies did not come about stays as it is. */
async function applyWave(run: Run, wave: readonly Step[]): Promise<void> {
  const { folder, batch, o } = run
  const steps = folder.deps.catalogue.read((tx) =>
    wave.filter(({ copies }) => copies.every((copy) => isCopied(tx, folder, copy, run.done))),
  )
  const isReady = new Set(steps)
  run.changed.push(...wave.filter((step) => !isReady.has(step)).map(({ entry }) => entry.path))
  const prepared = await prepareAll(run, steps)
  const intents = prepared.filter(({ changes }) => changes.length > 0).map((each) => intentOf(each, batch.name))
  if (intents.length > 0) folder.deps.catalogue.transact({ isDurable: true }, (tx) => tx.setIntents(folder.id, intents))
  const changes = prepared.flatMap((each) => each.changes)
  const outcomes = changes.length === 0 ? [] : await folder.tree.change(changes, labelOf(folder, batch, steps), o)
  await putBackHalves(folder, prepared, outcomes, batch.name)
  recordOutcomes(run, prepared, outcomes, await directoriesInTheWay(run, prepared, outcomes))
}

/** Steps that found a directory where nothing was known to be: one that holds nothing but what is ignored, or a new one. */
async function directoriesInTheWay(
  { folder, o }: Run,
  prepared: readonly Prepared[],
  outcomes: readonly TreeOutcome[],
): Promise<ReadonlySet<RelPath>> {
  const suspects = withOutcomes(prepared, outcomes)
    .filter(({ prepared: { step }, own }) => presentFile(step) === null && own.some(({ kind }) => kind === 'changed'))
    .map(({ prepared: { step } }) => step.entry)
    .filter(({ content }) => content.kind === 'file' || content.kind === 'symlink')
  const found = new Set<RelPath>()
  if (suspects.length === 0) return found
  for await (const { directory, state } of folder.tree.scan(
    suspects.map(({ path }) => path),
    o,
  )) {
    if (directory !== ROOT && state !== 'absent') found.add(directory)
  }
  return found
}

function touchedPaths(steps: readonly Step[]): RelPath[] {
  return steps.flatMap(({ entry, action }) => (action.kind === 'rename' ? [entry.path, action.from] : [entry.path]))
}

// ---- What the steps need before the disk changes.

/** Steps whose bytes are not there any more are left out: found otherwise than expected. */
async function prepareAll(run: Run, steps: readonly Step[]): Promise<Prepared[]> {
  const blobs = new Map<Step, StoredBlob | undefined>()
  const withBytes = steps.filter(needsBytes)
  for (let i = 0; i < withBytes.length; i += COPIES_AT_ONCE) {
    const group = withBytes.slice(i, i + COPIES_AT_ONCE)
    const stored = await Promise.all(group.map((step) => storedBlob(run, step.action)))
    group.forEach((step, at) => blobs.set(step, stored[at]))
  }
  const prepared: Prepared[] = []
  for (const step of steps) {
    const blob = blobs.get(step)
    if (needsBytes(step) && blob === undefined) run.changed.push(step.entry.path)
    else prepared.push(await prepare(run.folder, step, blob, run.batch))
  }
  return prepared
}

function needsBytes({ action }: Step): boolean {
  return action.kind === 'place' || action.kind === 'copy'
}

/** The whole blob in the root's store, copied there from a file of this device where the plan says so. */
async function storedBlob({ folder, treeOf, o }: Run, action: Action): Promise<StoredBlob | undefined> {
  if (action.kind === 'place') return await folder.incoming.stat(action.hash)
  if (action.kind !== 'copy') return undefined
  const known = await folder.incoming.stat(action.blob.hash)
  if (known !== undefined) return known
  const tree = treeOf(action.from.folder)
  if (tree === undefined) return undefined
  try {
    const bytes = tree.read(action.from.path, { expect: action.from.fingerprint, signal: o.signal })
    return await folder.incoming.put(action.blob.hash, bytes, o)
  } catch (cause) {
    if (o.signal.aborted) throw cause
    suspect(folder, action.from)
    folder.deps.log.event('copy.failed', { path: action.from.path, cause: String(cause) })
    hint(folder, [parentOf(action.from.path)])
    return undefined
  }
}

async function prepare(folder: Folder, step: Step, blob: StoredBlob | undefined, batch: Batch): Promise<Prepared> {
  const { entry, action } = step
  const { path } = entry
  const { content, mtimeMs } = step.local ?? entry
  const executable = content.kind === 'file' && content.executable
  const present = presentFile(step)
  const keepAs = present === null ? null : versionName(batch, path)
  const before: TreeChange[] = replacesDirectory(step.own, step.isVacated) ? [removal(path, batch)] : []
  const one = (change: TreeChange, arriving: FileIdentity | null = null): Prepared => ({
    step,
    changes: [...before, change],
    arriving,
  })
  switch (action.kind) {
    case 'place':
    case 'copy':
      if (blob === undefined) throw new Error('a file is placed without its bytes')
      return one(
        { kind: 'place', path, source: blob.location, mtimeMs, executable, expect: present, keepAs },
        blob.identity,
      )
    case 'symlink':
      return one({ kind: 'symlink', path, target: action.target, mtimeMs, expect: present, keepAs })
    case 'rename': {
      const arriving = (await folder.tree.identify(action.from)) ?? null
      const aside: TreeChange[] =
        present !== null && keepAs !== null ? [{ kind: 'remove', path, expect: present, keepAs }] : []
      const rename: TreeChange = { kind: 'rename', from: action.from, path, mtimeMs, executable, expect: action.expect }
      return { step, changes: [...before, ...aside, rename], arriving }
    }
    case 'make-directory': {
      const aside: TreeChange[] =
        present !== null && keepAs !== null ? [{ kind: 'remove', path, expect: present, keepAs }] : []
      return { step, changes: [...aside, { kind: 'make-directory', path }], arriving: null }
    }
    case 'touch':
      return {
        step,
        changes: present === null ? [] : [{ kind: 'touch', path, mtimeMs, executable, expect: present }],
        arriving: null,
      }
    case 'remove':
      if (present === null || keepAs === null) throw new Error('a removal of nothing was planned')
      return one({ kind: 'remove', path, expect: present, keepAs })
    case 'remove-directory':
      return { step, changes: [removal(path, batch)], arriving: null }
    case 'record':
      return { step, changes: [], arriving: null }
  }
}

function removal(path: RelPath, batch: Batch): TreeChange {
  return { kind: 'remove-directory', path, noteAs: versionName(batch, path) }
}

/** The look of the file or link that the step replaces; null where nothing is, or a directory. */
function presentFile({ own, isVacated }: Step): Fingerprint | null {
  const present = isVacated ? undefined : presentOf(own)
  return present === undefined || present.content.kind === 'directory' ? null : present.fingerprint
}

/** What is left of the step when the program dies in the middle of it is neither an edit nor a deletion. */
function intentOf({ step, changes, arriving }: Prepared, batch: string): PlannedIntent {
  const { entry } = step
  return { path: entry.path, entry, arriving, replaced: replacedBy(step, changes), batch }
}

/** Only where the path is empty for a moment: what was there comes back. */
function replacedBy(step: Step, changes: readonly TreeChange[]): PlannedIntent['replaced'] {
  const fingerprint = presentFile(step)
  const replacing = changes.find((change) => 'keepAs' in change && change.keepAs !== null)
  const isOnlyRemoved = changes.length === 1 && replacing?.kind === 'remove'
  if (replacing === undefined || !('keepAs' in replacing) || replacing.keepAs === null) return null
  return isOnlyRemoved || fingerprint === null ? null : { fingerprint, keepAs: replacing.keepAs }
}

/** Where a step went only half its way, what it had moved to the versions comes back. */
async function putBackHalves(
  folder: Folder,
  prepared: readonly Prepared[],
  outcomes: readonly TreeOutcome[],
  batch: string,
): Promise<void> {
  const halves = withOutcomes(prepared, outcomes).filter(
    ({ own }) => own.length > 1 && own[0]?.kind === 'done' && own.some(({ kind }) => kind !== 'done'),
  )
  const intents = halves.map(({ prepared: each }) => intentOf(each, batch))
  if (intents.length > 0) await folder.tree.recover(intents)
}

// ---- What came of it.

function recordOutcomes(
  run: Run,
  prepared: readonly Prepared[],
  outcomes: readonly TreeOutcome[],
  inTheWay: ReadonlySet<RelPath>,
): void {
  const { folder } = run
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    for (const { prepared: each, own } of withOutcomes(prepared, outcomes)) {
      const { path } = each.step.entry
      const result = recordStep(folder, tx, each.step, inTheWay.has(path) ? [...own, { kind: 'not-empty' }] : own)
      if (result === 'done') run.done.add(path)
      else if (result === 'changed') run.changed.push(path)
      else run.failed.push(path)
    }
    tx.clearIntents(folder.id)
  })
}

/** Each step with the outcomes of its own changes. */
function withOutcomes(
  prepared: readonly Prepared[],
  outcomes: readonly TreeOutcome[],
): { prepared: Prepared; own: readonly TreeOutcome[] }[] {
  let next = 0
  return prepared.map((each) => {
    next += each.changes.length
    return { prepared: each, own: outcomes.slice(next - each.changes.length, next) }
  })
}

function isCopied(tx: CatalogueReader, folder: Folder, copy: RelPath, done: ReadonlySet<RelPath>): boolean {
  return done.has(copy) || tx.own(folder.id, copy)?.entry.content.kind === 'deleted'
}

function recordStep(
  folder: Folder,
  tx: CatalogueWriter,
  step: Step,
  outcomes: readonly TreeOutcome[],
): 'done' | 'changed' | 'failed' {
  const { entry, action } = step
  if (!sameRow(tx.own(folder.id, entry.path), step)) return 'changed'
  const fault = faultOf(step, outcomes)
  // What is new in there is observed, and may be why it cannot go. Once: each look is followed by another try.
  if (outcomes.some(({ kind }) => kind === 'not-empty') && !folder.failures.has(entry.path)) hint(folder, [entry.path])
  if (fault !== undefined) {
    const { reason, message } = fault
    folder.failures.set(entry.path, { path: entry.path, code: reason, sentence: faultSentence(reason, message) })
    return 'failed'
  }
  if (outcomes.some((outcome) => outcome.kind === 'changed')) return 'changed'
  folder.failures.delete(entry.path)
  const last = outcomes.at(-1)
  const fingerprint = last === undefined ? keptFingerprint(step) : last.kind === 'done' ? last.fingerprint : null
  if (step.local !== undefined) recordLocal(folder, tx, step, step.local, last)
  else if (isUnsaid(entry)) tx.dropOwn(folder.id, entry.path)
  else if (step.own !== undefined && step.own.entry === entry) tx.setFingerprint(folder.id, entry.path, fingerprint)
  else tx.setOwn(folder.id, { entry, fingerprint }, 'resolved')
  if (action.kind === 'rename') recordSource(folder, tx, action)
  // A directory is watched from its first listing on.
  if (action.kind === 'make-directory') hint(folder, [entry.path])
  return 'done'
}

/** What stays on this device alone: as it was, or with the look that it has at its new path. */
function recordLocal(
  folder: Folder,
  tx: CatalogueWriter,
  { entry }: Step,
  local: LocalContent,
  last: TreeOutcome | undefined,
): void {
  const fingerprint = last?.kind === 'done' ? last.fingerprint : local.fingerprint
  tx.setOwn(folder.id, { entry, fingerprint: null, local: { ...local, fingerprint } }, 'resolved')
}

/** What keeps the step from being done, and that only somebody else can change. */
function faultOf(
  { entry }: Step,
  outcomes: readonly TreeOutcome[],
): { readonly reason: ApplyFault; readonly message: string } | undefined {
  const failed = outcomes.find((outcome) => outcome.kind === 'failed')
  if (failed?.kind === 'failed') return failed
  const isInTheWay = entry.content.kind !== 'deleted' && outcomes.some(({ kind }) => kind === 'not-empty')
  return isInTheWay ? { reason: 'in-the-way', message: '' } : undefined
}

/** The path that a rename left: deleted with it, or waiting for what takes its place. */
function recordSource(folder: Folder, tx: CatalogueWriter, action: Extract<Action, { kind: 'rename' }>): void {
  if (action.leaves !== null) tx.setOwn(folder.id, { entry: action.leaves, fingerprint: null }, 'resolved')
  else tx.setFingerprint(folder.id, action.from, null)
}

/** Nothing changed on the disk: what is there stays what it looked like. */
function keptFingerprint({ own, entry, isVacated }: Step): Fingerprint | null {
  return isVacated || entry.content.kind === 'deleted' ? null : (presentOf(own)?.fingerprint ?? null)
}

/** Whether the own row is still the one that the plan saw. A vacated one has lost its look in this very batch. */
function sameRow(now: OwnRow | undefined, { own, isVacated }: Step): boolean {
  if (now === undefined || own === undefined) return now === own
  return (
    compareVectors(now.entry.version, own.entry.version) === 'equal' &&
    (isVacated || presentOf(now)?.fingerprint === presentOf(own)?.fingerprint)
  )
}
