/**
 * Compaction: once more than half of what a log says is superseded, a new epoch begins that says only what is. It is drafted in
 * small steps beside the log, which goes on meanwhile and is followed. Then one durable transaction puts the draft in its place:
 * whatever kills the program before that leaves the old epoch as it was, and a draft that nobody was told of.
 *
 *     log     e1 …………………………………………│ edits, published as ever │
 *     draft      what is, in pages │ the same edits            │ ► e2, whose first head names the end of e1
 *
 * Whoever has all of the old epoch when it hears that head keeps the rows and fetches nothing.
 */

import type { RelPath } from '../../protocol/path.ts'
import type { Hlc } from '../../protocol/manifest.ts'
import { openSegment } from '../../protocol/manifest.ts'
import type { Entry } from '../../protocol/entry.ts'
import type { CatalogueReader, CatalogueWriter, OwnHead } from '../catalogue-port.ts'
import type { CompactionDue, LogSize } from '../core/compaction.ts'
import { compactionDue } from '../core/compaction.ts'
import type { AbortOptions } from '../ports.ts'
import type { Folder } from './folder.ts'
import type { LogEnd } from './publish.ts'
import { fitting, headAt, saveHead, sealAfter } from './publish.ts'

/** Entries of a page: a few milliseconds of work. */
const PAGE_ENTRIES = 1024
/** Segments of an epoch that is over which are deleted at a time. */
const DROPPED_AT_ONCE = 16

export interface CompactPace {
  /** Fewer superseded entries are left in the log. */
  readonly supersededMin: number
  /** Between two steps, in milliseconds: others have their turn. */
  readonly pauseMs: number
}

/** What compaction needs of the engine. */
export interface CompactHost {
  readonly pace: { readonly compact: CompactPace }
  /** Whether every other device that holds the folder has acknowledged the own log to its end. */
  isHeardByAll(folder: Folder): boolean
  onHead(folder: Folder): void
}

/** The epoch that is being written, and how far it follows the log. */
interface Draft {
  end: LogEnd
  readonly ofEpoch: number
  /** The first segment of the log that is not in the draft yet. */
  followed: number
}

/** Runs until the signal aborts. */
export async function compactLoop(folder: Folder, host: CompactHost, o: AbortOptions): Promise<void> {
  await dropOldSegments(folder, host, o)
  let counted = 0
  for (;;) {
    await folder.toCompact.wait(o)
    const due = dueOf(folder, host, counted)
    counted = due.current
    if (due.kind === 'not-yet' || (due.kind === 'once-heard' && !host.isHeardByAll(folder))) continue
    await compact(folder, host, due.current, o)
    await dropOldSegments(folder, host, o)
    counted = 0
  }
}

/** Rows are counted only where the log has outgrown all that are known: rows never become fewer. */
function dueOf(folder: Folder, { pace }: CompactHost, counted: number): { kind: CompactionDue; current: number } {
  return folder.deps.catalogue.read((tx) => {
    const own = tx.ownHead(folder.id)
    const entries = own?.lastSeq ?? 0
    const { supersededMin } = pace.compact
    const atLeast = Math.max(counted, tx.totals(folder.id).live)
    if (own?.signed == null || compactionDue({ entries, current: atLeast }, supersededMin) === 'not-yet')
      return { kind: 'not-yet', current: counted }
    const current = tx.publishedCount(folder.id)
    return { kind: compactionDue({ entries, current }, supersededMin), current }
  })
}

/** Resolves when the new epoch is the log, or when another one has begun meanwhile. */
async function compact(folder: Folder, host: CompactHost, current: number, o: AbortOptions): Promise<void> {
  const draft = beginDraft(folder)
  if (draft === undefined) return
  const size = (): LogSize => ({ entries: ownHead(folder)?.lastSeq ?? 0, current })
  const isTime = (): boolean =>
    compactionDue(size(), host.pace.compact.supersededMin) === 'now' || host.isHeardByAll(folder)
  const pause = (): Promise<void> => folder.deps.clock.sleep(host.pace.compact.pauseMs, o)
  for (let after: RelPath | null = null; ;) {
    const page = addPage(folder, draft, after)
    if (page === undefined) break
    after = page
    await pause()
  }
  for (;;) {
    while (follow(folder, draft)) await pause()
    const isStarted = await folder.publishing.use(() => startEpoch(folder, host, draft, isTime))
    if (isStarted !== 'not-yet') return
    await folder.toCompact.wait(o)
  }
}

function ownHead({ id, deps }: Folder): OwnHead | undefined {
  return deps.catalogue.read((tx) => tx.ownHead(id))
}

function beginDraft(folder: Folder): Draft | undefined {
  const own = ownHead(folder)
  if (own?.signed == null) return undefined
  const epoch = Math.max(own.epoch + 1, folder.deps.clock.wallMs())
  return {
    end: { epoch, lastSeq: 0, nextSegNo: 0, lastSegHash: null, hlc: own.hlc },
    ofEpoch: own.epoch,
    followed: own.nextSegNo,
  }
}

/** @returns the last path of what was added; undefined where nothing is left. */
function addPage(folder: Folder, draft: Draft, after: RelPath | null): RelPath | undefined {
  return folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    if (isGone(tx, folder, draft)) return undefined
    const entries = fitting(tx.published(folder.id, after, PAGE_ENTRIES))
    addToDraft(tx, folder, draft, entries)
    return entries.at(-1)?.path
  })
}

/** What was published since the draft began. @returns whether there was any. */
function follow(folder: Folder, draft: Draft): boolean {
  return folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    if (isGone(tx, folder, draft)) return false
    const [signed] = tx.segments(folder.id, draft.ofEpoch, draft.followed, 1)
    if (signed === undefined) return false
    addToDraft(tx, folder, draft, openSegment(signed, folder.deps.crypto).entries)
    draft.followed += 1
    return true
  })
}

/** Another epoch began meanwhile, of a manifest that was recalled: nothing may be written that could be taken for a part of it. */
function isGone(tx: CatalogueReader, { id }: Folder, { ofEpoch }: Draft): boolean {
  return tx.ownHead(id)?.epoch !== ofEpoch
}

function addToDraft(tx: CatalogueWriter, folder: Folder, draft: Draft, entries: readonly Entry[]): void {
  if (entries.length === 0) return
  const { signed, end } = sealAfter(folder, draft.end, entries)
  tx.addDraft(folder.id, end.epoch, draft.end.nextSegNo, signed)
  draft.end = end
}

/** @returns `gone` where the log that was followed is over. */
async function startEpoch(
  folder: Folder,
  host: CompactHost,
  draft: Draft,
  isTime: () => boolean,
): Promise<'started' | 'not-yet' | 'gone'> {
  const { catalogue, log, state } = folder.deps
  const own = ownHead(folder)
  if (own?.epoch !== draft.ofEpoch) return 'gone'
  if (!isFollowed(folder, own, draft) || !isTime()) return 'not-yet'
  const previous = { epoch: own.epoch, seq: own.lastSeq }
  const head = catalogue.transact({ isDurable: true }, (tx) => {
    const started = headAt(tx, folder, { ...draft.end, hlc: later(own.hlc, draft.end.hlc) }, previous)
    const { epoch, lastSeq, nextSegNo, signed } = started
    tx.startEpoch(folder.id, { signed, position: { epoch, seq: lastSeq }, previous, nextSegNo }, started)
    return started
  })
  await saveHead(state, folder.id, head.signed)
  host.onHead(folder)
  log.event('folder.compacted', { folder: folder.id, epoch: head.epoch, before: previous.seq, after: head.lastSeq })
  return 'started'
}

/** Whether the draft says all that the log says, and nothing is to be said that the log does not. */
function isFollowed({ id, deps }: Folder, own: OwnHead, draft: Draft): boolean {
  return own.nextSegNo === draft.followed && deps.catalogue.read((tx) => tx.unpublished(id, 1)).length === 0
}

function later(a: Hlc, b: Hlc): Hlc {
  return a.ms > b.ms || (a.ms === b.ms && a.counter > b.counter) ? a : b
}

/** Of the epoch that is over, and of a draft that was not finished. */
async function dropOldSegments(folder: Folder, host: CompactHost, o: AbortOptions): Promise<void> {
  const { catalogue, clock } = folder.deps
  const dropSome = (): number =>
    catalogue.transact({ isDurable: false }, (tx) => tx.dropOldSegments(folder.id, DROPPED_AT_ONCE))
  while (dropSome() > 0) await clock.sleep(host.pace.compact.pauseMs, o)
}
