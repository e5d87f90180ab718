/**
 * Scrub: what the folders and the store hold is read again, and compared with what it should be. Slowly while nothing else goes
 * on, a round in some weeks; or at once, because a person asked. What is bad is never published: it is listed, and fetched again.
 */

import { blobHashOf } from '../../protocol/ids.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ROOT, parentOf } from '../../protocol/path.ts'
import type { OwnRow } from '../catalogue-port.ts'
import { isDue, judge, restMs } from '../core/scrub.ts'
import type { AbortOptions } from '../ports.ts'
import { noteDamage, noteSound, repairAll } from './damage.ts'
import { errorCode } from './error-code.ts'
import type { Folder } from './folder.ts'
import { hint } from './folder.ts'
import { rootHalt } from './root-halt.ts'
import type { PullQueue } from './pull.ts'
import { raisedOrAfter } from './latch.ts'
import type { AskedRound } from './scrub-state.ts'
import { saveScrub } from './scrub-state.ts'

/** Rows that are looked up together. */
const PAGE_ROWS = 256
/** Files that are read between two looks whether to go on: so many, or so many bytes. */
const STEP_FILES = 64
const STEP_BYTES = 16 * 1024 * 1024
/** How often it is looked whether a folder that a person wants read can be read; in milliseconds. */
const ASKED_LOOK_MS = 500
/** By how much a look for what is due may be later. */
const LOOK_SLACK_MS = 10_000
/** How often the position is written down, in milliseconds. */
const SAVE_MS = 60_000

/** How the idle scrub goes about it. */
export interface ScrubPace {
  /** How long after a whole round the next begins, in milliseconds; null for never. */
  readonly everyMs: number | null
  readonly bytesPerSecond: number
  /** How often it is looked whether a round is due and nothing else goes on, in milliseconds. */
  readonly lookMs: number
}

export interface ScrubHost {
  readonly pace: { readonly scrub: ScrubPace }
  readonly pulls: Pick<PullQueue, 'totals'>
  /** A round has begun, moved or ended, or damage was found or repaired. */
  onScrub(folder: Folder): void
}

/** Runs until the signal aborts. What was found in an earlier life is known from the start. */
export async function scrubLoop(folder: Folder, host: ScrubHost, o: AbortOptions): Promise<void> {
  const { scrub } = folder
  const { pace } = host
  for (;;) {
    const { clock } = folder.deps
    if (scrub.asked !== null) await raisedOrAfter(folder.toScrub, clock, ASKED_LOOK_MS, o)
    else await raisedOrAfter(folder.toScrub, clock, pace.scrub.lookMs, { ...o, slackMs: LOOK_SLACK_MS })
    if (!folder.isScanned || (await rootHalt(folder)) !== null) continue
    await readSuspects(folder, o)
    if (scrub.asked !== null) await askedRound(folder, host, o)
    else if (mayGoOn(folder, pace.scrub) && isIdle(folder, host)) await idleRound(folder, host, o)
    await saveScrub(folder)
    host.onScrub(folder)
  }
}

/** A person wants all of it read now. What was asked before and has not begun is part of it. */
export function askRound(folder: Folder, round: AskedRound): void {
  folder.scrub.asked = { isRepair: round.isRepair || folder.scrub.asked?.isRepair === true }
  folder.toScrub.raise()
}

function mayGoOn({ scrub, deps }: Folder, { everyMs }: ScrubPace): boolean {
  if (everyMs === null) return false
  return scrub.position !== null || isDue(scrub.lastCompleteMs, deps.clock.wallMs(), everyMs)
}

/** Nothing is to be observed, applied or decided, and nothing comes in. What nobody can give now is no work. */
function isIdle({ id, deps, isPaused, halt, burst, hints }: Folder, { pulls }: ScrubHost): boolean {
  if (isPaused || halt !== null || burst !== null || hints.all || hints.directories.size > 0) return false
  const isPulling = (pulls.totals(id)?.rate ?? 0) > 0
  return !isPulling && !deps.catalogue.read((tx) => tx.hasDirty(id))
}

// ---- Rounds.

/** All of it, as fast as the disk reads; the place of the idle round stays where it was until this one has come through. */
async function askedRound(folder: Folder, host: ScrubHost, o: AbortOptions): Promise<void> {
  const { scrub } = folder
  const asked = scrub.asked
  scrub.asked = null
  if (asked === null) return
  begin(folder, 'asked')
  try {
    if (asked.isRepair) repairAll(folder)
    for (const step of stepsOf(folder, null)) {
      await readFiles(folder, step, asked.isRepair ? 'all' : 'none', o)
      host.onScrub(folder)
    }
    await readStore(folder, o)
    complete(folder)
  } finally {
    scrub.running = null
  }
}

/** On from where the last life stopped; ends where something else begins, and goes on later. */
async function idleRound(folder: Folder, host: ScrubHost, o: AbortOptions): Promise<void> {
  const { scrub, deps } = folder
  const { bytesPerSecond } = host.pace.scrub
  begin(folder, 'idle')
  let savedMs = deps.clock.monotonicMs()
  try {
    for (const step of stepsOf(folder, scrub.position)) {
      const bytes = await readFiles(folder, step, 'rot', o)
      scrub.position = step.at(-1)?.entry.path ?? scrub.position
      scrub.isUnsaved = true
      if (deps.clock.monotonicMs() - savedMs >= SAVE_MS) {
        await saveScrub(folder)
        savedMs = deps.clock.monotonicMs()
      }
      host.onScrub(folder)
      await deps.clock.sleep(restMs(bytes, bytesPerSecond), o)
      if (scrub.asked !== null || scrub.suspects.size > 0 || !isIdle(folder, host)) return
    }
    await readStore(folder, o)
    complete(folder)
  } finally {
    scrub.running = null
  }
}

function begin({ id, deps, scrub }: Folder, running: 'asked' | 'idle'): void {
  scrub.running = running
  scrub.files = 0
  scrub.bytes = 0
  scrub.repaired = 0
  deps.log.event('scrub.begun', { folder: id, running })
}

function complete({ id, deps, scrub, damaged }: Folder): void {
  scrub.position = null
  scrub.lastCompleteMs = deps.clock.wallMs()
  scrub.isUnsaved = true
  deps.log.event('scrub.done', { folder: id, files: scrub.files, bytes: scrub.bytes, damaged: damaged.size })
}

/** Files of the base by their paths, some at a time. The catalogue is read anew for each page: the folder goes on meanwhile. */
function* stepsOf(folder: Folder, after: RelPath | null): Iterable<OwnRow[]> {
  for (let at = after; ;) {
    const page = folder.deps.catalogue.read((tx) => tx.ownLiveBelow(folder.id, ROOT, at, PAGE_ROWS))
    yield* inSteps(page.filter((row) => row.entry.content.kind === 'file' && row.fingerprint !== null))
    at = page.at(-1)?.entry.path ?? at
    if (page.length < PAGE_ROWS) return
  }
}

function* inSteps(rows: readonly OwnRow[]): Iterable<OwnRow[]> {
  let step: OwnRow[] = []
  let bytes = 0
  for (const row of rows) {
    step.push(row)
    bytes += row.entry.content.kind === 'file' ? row.entry.content.sizeBytes : 0
    if (step.length < STEP_FILES && bytes < STEP_BYTES) continue
    yield step
    step = []
    bytes = 0
  }
  if (step.length > 0) yield step
}

// ---- Reading.

/** What is found bad and fetched again: nothing, what has rotted, or what the disk cannot read, too. */
type Repairs = 'none' | 'rot' | 'all'

/** @returns how many bytes were read. */
async function readFiles(
  folder: Folder,
  listed: readonly OwnRow[],
  repairs: Repairs,
  o: AbortOptions,
): Promise<number> {
  // What was edited since it was listed is no longer what is to be read.
  const rows = folder.deps.catalogue.read((tx) => listed.flatMap(({ entry }) => tx.own(folder.id, entry.path) ?? []))
  const byPath = new Map(rows.map((row) => [row.entry.path, row]))
  const requests = rows.flatMap(({ entry: { path }, fingerprint }) =>
    fingerprint === null ? [] : [{ path, fingerprint }],
  )
  let bytes = 0
  for await (const result of folder.tree.hash(requests, o)) {
    const row = byPath.get(result.path)
    if (row === undefined) continue
    if (result.kind === 'hashed') bytes += result.sizeBytes
    folder.scrub.files += 1
    conclude(folder, row, judge(row, result), repairs)
  }
  folder.scrub.bytes += bytes
  return bytes
}

function conclude(folder: Folder, row: OwnRow, judgement: ReturnType<typeof judge>, repairs: Repairs): void {
  const { path } = row.entry
  switch (judgement) {
    case 'sound':
      noteSound(folder, path)
      return
    case 'changed':
      hint(folder, [parentOf(path)])
      return
    case 'rot':
      if (isStill(folder, row)) noteDamage(folder, row, 'rot', repairs !== 'none')
      return
    case 'unreadable':
      if (isStill(folder, row)) noteDamage(folder, row, 'unreadable', repairs === 'all')
  }
}

/** Whether nothing was observed or applied at the path while it was read. */
function isStill(folder: Folder, { entry, fingerprint }: OwnRow): boolean {
  const now = folder.deps.catalogue.read((tx) => tx.own(folder.id, entry.path))
  return now?.fingerprint === fingerprint && now.entry.content.kind === 'file'
}

/** What was odd while it was served or copied: read now, and fetched again if it has rotted. */
async function readSuspects(folder: Folder, o: AbortOptions): Promise<void> {
  const paths = [...folder.scrub.suspects]
  folder.scrub.suspects.clear()
  const rows = folder.deps.catalogue.read((tx) => paths.flatMap((path) => tx.own(folder.id, path) ?? []))
  for (const step of inSteps(rows)) await readFiles(folder, step, 'rot', o)
}

/** Whole blobs that wait to be placed, and kept versions whose hash is known. */
async function readStore(folder: Folder, o: AbortOptions): Promise<void> {
  for (const hash of [...folder.landed]) if (!(await isWhole(folder, hash, o))) await dropSpoiled(folder, hash)
  const kept = new Map<Parameters<Folder['scrub']['damagedVersions']['set']>[0], BlobHash>()
  for await (const { name, hash } of folder.tree.versions()) if (hash !== null) kept.set(name, hash)
  folder.scrub.damagedVersions.clear()
  for await (const { name, hash, sizeBytes } of folder.tree.hashVersions(kept.keys(), o)) {
    folder.scrub.files += 1
    folder.scrub.bytes += sizeBytes
    const expected = kept.get(name)
    if (expected !== undefined && hash !== expected) folder.scrub.damagedVersions.set(name, expected)
  }
}

/** Reads a whole blob of the root's store. One that is not there any more was placed, and is nobody's fault. */
async function isWhole({ deps, incoming }: Folder, hash: BlobHash, o: AbortOptions): Promise<boolean> {
  const hasher = deps.crypto.hasher()
  try {
    for await (const piece of incoming.read(hash, o)) hasher.update(piece)
  } catch (cause) {
    if (o.signal.aborted || errorCode(cause) === undefined) throw cause
    return errorCode(cause) === 'missing'
  }
  return blobHashOf(hasher.digest()) === hash
}

/** A blob came whole and is not what its name says: it is fetched again for whoever waits for it. */
async function dropSpoiled({ id, deps, incoming, landed, toResolve }: Folder, hash: BlobHash): Promise<void> {
  deps.log.event('blob.spoiled', { hash })
  landed.delete(hash)
  await incoming.delete(hash)
  const paths = deps.catalogue.read((tx) => tx.pathsOf(id, hash, PAGE_ROWS))
  deps.catalogue.transact({ isDurable: false }, (tx) => tx.markDirty(id, paths))
  toResolve.raise()
}
