/**
 * Kept contents come back to their paths: copies, since only retention empties the versions. What stands there now is kept first.
 * To everybody else it is an edit of this device: what was put there is observed like what a person puts there.
 */

import type { BlobHash } from '../../protocol/ids.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ROOT, ancestorsOf, parentOf } from '../../protocol/path.ts'
import type { OwnRow, PlannedIntent } from '../catalogue-port.ts'
import { presentOf } from '../core/local.ts'
import type { Target } from '../core/undo.ts'
import { judge } from '../core/undo.ts'
import type { AbortOptions, StoredBlob, TreeChange, TreeOutcome } from '../ports.ts'
import type { Became, KeptContent, Taken } from '../versions-port.ts'
import type { Batch } from './batch.ts'
import { becameOf, newBatch, versionName } from './batch.ts'
import { hasCode, isAborted } from './deadline.ts'
import type { Folder } from './folder.ts'
import { hint } from './folder.ts'
import { faultSentence } from './problem-sentences.ts'

/** What is copied and placed together, at most: paths, and bytes beyond the first file. */
const CHUNK_PATHS = 128
const CHUNK_BYTES_MAX = 64 * 1024 * 1024

export interface BroughtBack {
  readonly path: RelPath
  /** `back`: nothing was there. `changed`: somebody has changed it since, and it is left alone. */
  readonly kind: 'back' | 'replaced' | 'already' | 'changed' | 'failed'
  /** Why not; null where it is there. */
  readonly sentence: string | null
  readonly sizeBytes: number
}

export interface BringBack {
  /** What the versions log says of what is replaced. */
  readonly reason: string
  /** Replaces what is there, whoever put it there. */
  readonly isForced: boolean
  /** Changes nothing; says what it would do. */
  readonly isDryRun: boolean
}

/** One after the other, in any order; what is durable is told. What was interrupted goes on when it is asked again. */
export async function* bringBack(
  folder: Folder,
  targets: readonly Target[],
  how: BringBack,
  o: AbortOptions,
): AsyncGenerator<BroughtBack> {
  const batch = newBatch(folder)
  for (const chunk of chunksOf(targets)) {
    o.signal.throwIfAborted()
    yield* await folder.changing.use(() => bringChunk({ folder, batch, how, o }, chunk))
  }
}

/** Directories first, those above before those in them; each content once, since the store has one place for it. */
function chunksOf(targets: readonly Target[]): Target[][] {
  const rank = ({ version }: Target): number => (version.isDirectory ? 0 : 1)
  const chunks: { targets: Target[]; bytes: number; hashes: Set<BlobHash | null> }[] = []
  for (const target of targets.toSorted((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1))) {
    const { sizeBytes, hash, isDirectory } = target.version
    const last = chunks.at(-1)
    const isFull =
      last === undefined ||
      last.targets.length >= CHUNK_PATHS ||
      last.bytes + sizeBytes > CHUNK_BYTES_MAX ||
      (!isDirectory && last.hashes.has(hash))
    if (isFull) chunks.push({ targets: [target], bytes: sizeBytes, hashes: new Set([hash]) })
    else {
      last.targets.push(target)
      last.bytes += sizeBytes
      last.hashes.add(hash)
    }
  }
  return chunks.map((chunk) => chunk.targets)
}

interface Run {
  readonly folder: Folder
  readonly batch: Batch
  readonly how: BringBack
  readonly o: AbortOptions
}

/** A path that is to be changed, and with what. */
interface Prepared {
  readonly target: Target
  readonly own: OwnRow | undefined
  readonly change: TreeChange
  readonly blob: StoredBlob | undefined
}

async function bringChunk(run: Run, targets: readonly Target[]): Promise<BroughtBack[]> {
  const said: BroughtBack[] = []
  const prepared: Prepared[] = []
  for (const target of targets) {
    const found = await prepareOrFail(run, target)
    if ('change' in found) prepared.push(found)
    else said.push(found)
  }
  try {
    if (prepared.length > 0) said.push(...(await place(run, prepared)))
  } finally {
    for (const { blob } of prepared) if (blob !== undefined) run.folder.landed.delete(blob.hash)
  }
  return said
}

async function prepareOrFail(run: Run, target: Target): Promise<Prepared | BroughtBack> {
  try {
    return await prepare(run, target)
  } catch (cause) {
    if (isAborted(run.o)) throw cause
    const sentence = failureSentence(cause)
    if (sentence === undefined) throw cause
    run.folder.deps.log.event('version.failed', { folder: run.folder.id, path: target.path, cause: String(cause) })
    return toSaid(target, 'failed', sentence)
  }
}

async function prepare({ folder, batch, how, o }: Run, target: Target): Promise<Prepared | BroughtBack> {
  const { path, version } = target
  const own = folder.deps.catalogue.read((tx) => tx.own(folder.id, path))
  const kept = version.isDirectory ? undefined : await folder.tree.lookAtVersion(version.name)
  if (kept === undefined && !version.isDirectory) return toSaid(target, 'failed', 'It is no longer kept.')
  const now = nowAt(own)
  const verdict = verdictOn(target, now, beforeOf(target, own, kept), how)
  if (verdict === 'already') return toSaid(target, 'already', null)
  if (verdict === 'changed') return toSaid(target, 'changed', changedSentence(now))
  if (how.isDryRun) return toSaid(target, now === null ? 'back' : 'replaced', null)
  if (kept === undefined) return { target, own, change: { kind: 'make-directory', path }, blob: undefined }
  const expect = presentOf(own)?.fingerprint ?? null
  const at = { path, mtimeMs: kept.mtimeMs, expect, keepAs: expect === null ? null : versionName(batch, path) }
  if (kept.kind === 'symlink') {
    return { target, own, change: { kind: 'symlink', target: kept.target, ...at }, blob: undefined }
  }
  const blob = await copyToStore(folder, version, o)
  return { target, own, change: { kind: 'place', source: blob.location, executable: kept.executable, ...at }, blob }
}

/** What the base has at the path; where a person has just changed it, the change finds out. */
function nowAt(own: OwnRow | undefined): Became | null {
  const present = presentOf(own)
  return present === undefined ? null : becameOf(present.content)
}

/** Null where it is nothing that can be compared: another link than the one that is there. */
function beforeOf({ version }: Target, own: OwnRow | undefined, kept: KeptContent | undefined): Became | null {
  if (kept === undefined) return 'directory'
  if (kept.kind === 'file') return version.hash
  const content = presentOf(own)?.content
  return content?.kind === 'symlink' && content.target !== kept.target ? null : 'symlink'
}

function verdictOn(
  target: Target,
  now: Became | null,
  before: Became | null,
  { isForced }: BringBack,
): ReturnType<typeof judge> {
  if (!isForced) return judge(target, now, before)
  if (now !== null && now === before) return 'already'
  return now === 'directory' ? 'changed' : 'bring-back'
}

function changedSentence(now: Became | null): string {
  if (now === 'directory') return 'There is a directory now.'
  return now === null ? 'It was deleted again since.' : 'It was changed since.'
}

/** A copy of the bytes in the root's store, where nobody clears it away before it is placed. */
async function copyToStore(folder: Folder, version: Target['version'], o: AbortOptions): Promise<StoredBlob> {
  const { tree, incoming, landed } = folder
  const hash = version.hash ?? (await hashOf(folder, version, o))
  landed.add(hash)
  try {
    return await incoming.put(hash, tree.readVersion(version.name, o), o)
  } catch (cause) {
    landed.delete(hash)
    throw cause
  }
}

async function hashOf({ tree, deps }: Folder, { name }: Target['version'], o: AbortOptions): Promise<BlobHash> {
  const hasher = deps.crypto.hasher()
  for await (const piece of tree.readVersion(name, o)) hasher.update(piece)
  return blobHashOf(hasher.digest())
}

// ---- Changing the disk.

async function place(run: Run, prepared: readonly Prepared[]): Promise<BroughtBack[]> {
  const { folder, batch } = run
  const paths = prepared.map(({ target }) => target.path)
  const intents = prepared.flatMap((each) => intentOf(each, batch))
  folder.gate.begin(paths)
  try {
    if (intents.length > 0) setIntents(folder, intents)
    const outcomes = await changeAll(run, prepared)
    if (intents.length > 0) setIntents(folder, [])
    const there = await alreadyThere(
      run,
      prepared.filter((_, at) => outcomes[at]?.kind === 'changed'),
    )
    return prepared.map((each, at) => outcomeOf(each, there.has(each.target.path) ? 'already' : outcomes[at]))
  } finally {
    folder.gate.end(paths)
    hint(folder, new Set(paths.flatMap((path) => [ROOT, ...ancestorsOf(path)])))
  }
}

/** Only a path that stands empty for a moment needs one. It says what is there already: what comes of it is observed. */
function intentOf({ target, own, change, blob }: Prepared, batch: Batch): PlannedIntent[] {
  const present = presentOf(own)
  if (own === undefined || present === undefined || !('keepAs' in change) || change.keepAs === null) return []
  const replaced = { fingerprint: present.fingerprint, keepAs: change.keepAs }
  return [{ path: target.path, entry: own.entry, arriving: blob?.identity ?? null, replaced, batch: batch.name }]
}

function setIntents({ deps, id }: Folder, intents: readonly PlannedIntent[]): void {
  deps.catalogue.transact({ isDurable: intents.length > 0 }, (tx) => {
    if (intents.length === 0) tx.clearIntents(id)
    else tx.setIntents(id, intents)
  })
}

/** Undefined for each path where the disk refuses all of them. */
async function changeAll(
  { folder, batch, how, o }: Run,
  prepared: readonly Prepared[],
): Promise<readonly (TreeOutcome | undefined)[]> {
  const { clock, signer } = folder.deps
  const second = Math.floor(clock.wallMs() / 1000)
  const byPath = new Map(prepared.map((each) => [each.target.path, each]))
  const label = {
    batch: batch.name,
    reasonOf: () => how.reason,
    hashOf: (path: RelPath) => {
      const content = presentOf(byPath.get(path)?.own)?.content
      return content?.kind === 'file' ? content.hash : null
    },
    changeOf: (path: RelPath): Taken => ({
      became: byPath.get(path)?.blob?.hash ?? 'symlink',
      by: signer.device,
      second,
    }),
  }
  try {
    return await folder.tree.change(
      prepared.map(({ change }) => change),
      label,
      o,
    )
  } catch (cause) {
    if (isAborted(o) || failureSentence(cause) === undefined) throw cause
    folder.deps.log.event('version.failed', { folder: folder.id, path: '', cause: String(cause) })
    return prepared.map(() => ({ kind: 'failed', reason: toFault(cause), message: String(cause) }))
  }
}

/** Paths where the kept content stands already, and was not yet observed: it was brought back a moment ago. */
async function alreadyThere({ folder, o }: Run, prepared: readonly Prepared[]): Promise<ReadonlySet<RelPath>> {
  const there = new Set<RelPath>()
  if (prepared.length === 0) return there
  const wanted = new Map(prepared.map((each) => [each.target.path, each]))
  const directories = new Set(prepared.map(({ target }) => parentOf(target.path)))
  for await (const { entries } of folder.tree.scan(directories, o)) {
    for (const found of entries) {
      const each = found.kind === 'blocked' ? undefined : wanted.get(found.path)
      if (each === undefined || !('mtimeMs' in each.change)) continue
      const isSame = found.kind === 'file' && found.sizeBytes === each.target.version.sizeBytes
      if (isSame && found.mtimeMs === each.change.mtimeMs) there.add(found.path)
    }
  }
  return there
}

function outcomeOf({ target, change }: Prepared, outcome: TreeOutcome | 'already' | undefined): BroughtBack {
  if (outcome === 'already') return toSaid(target, 'already', null)
  switch (outcome?.kind) {
    case 'done':
      return toSaid(target, 'keepAs' in change && change.keepAs !== null ? 'replaced' : 'back', null)
    case 'failed':
      return toSaid(target, 'failed', faultSentence(outcome.reason, outcome.message))
    default:
      return toSaid(target, 'changed', 'It was changed just now.')
  }
}

function toFault(cause: unknown): 'no-space' | 'read-only' | 'denied' | 'io' {
  const codes = ['no-space', 'read-only', 'denied'] as const
  return codes.find((code) => hasCode(cause, code)) ?? 'io'
}

/** What the disk or the store cannot do; undefined for what is no fault of theirs. */
function failureSentence(cause: unknown): string | undefined {
  if (hasCode(cause, 'wrong-hash')) return 'The kept version is damaged: its bytes are not what they were.'
  if (hasCode(cause, 'missing')) return 'It is no longer kept.'
  if (!hasCode(cause, 'no-space', 'read-only', 'denied', 'io')) return undefined
  return faultSentence(toFault(cause), String(cause))
}

function toSaid({ path, version }: Target, kind: BroughtBack['kind'], sentence: string | null): BroughtBack {
  return { path, kind, sentence, sizeBytes: version.sizeBytes }
}
