/**
 * One folder in motion. Two ways that do not wait for each other: *out* (hints → observe → publish) and *in* (dirty → decide →
 * apply). Watcher, peers and timers only raise latches; what is to be done is found anew each time.
 */

import type { FolderId } from '../../protocol/ids.ts'
import type { DirPath } from '../../protocol/path.ts'
import { parentOf } from '../../protocol/path.ts'
import { BURST_QUIET_MS } from '../core/guard.ts'
import { isUnsaid } from '../core/local.ts'
import type { RetentionRule } from '../core/retention.ts'
import type { AbortOptions, FileTree } from '../ports.ts'
import { unblock } from './blocked.ts'
import { collect } from './collect.ts'
import type { CompactHost, CompactPace } from './compact.ts'
import { compactLoop } from './compact.ts'
import { SUPERSEDED_MIN } from '../core/compaction.ts'
import type { Folder, Halt } from './folder.ts'
import { decideAgain, hint } from './folder.ts'
import { raisedOrAfter } from './latch.ts'
import type { Look } from './looks.ts'
import { toLook } from './looks.ts'
import { leave, noteSelection, settleSelection } from './leaving.ts'
import { withdrawAbsent } from './withdraw.ts'
import { observe } from './observe.ts'
import { rootHalt } from './root-halt.ts'
import { publish } from './publish.ts'
import type { PassOutcome, Pulls } from './resolve-pass.ts'
import { resolvePass } from './resolve-pass.ts'
import { settleDamage } from './damage.ts'
import type { ScrubPace } from './scrub.ts'
import { scrubLoop } from './scrub.ts'
import { loadScrub } from './scrub-state.ts'

/** How often a burst of deletions is looked at, in milliseconds. */
const BURST_LOOK_MS = BURST_QUIET_MS / 4

/** How often the deletions that halted a folder are counted anew at most, in milliseconds. */
const JUDGE_EVERY_MS = 5000

/** By how much what is looked at now and then may be looked at later, in milliseconds. */
const LOOK_SLACK_MS = 2000

/** When a folder does what, in milliseconds. */
export interface Pace {
  /** A full scan that trusts no watcher. */
  readonly rescanMs: number
  /** How long hints gather before a directory is listed. */
  readonly debounceMs: number
  /** How long adoptions gather before they are published, at first and at most. */
  readonly coalesceMs: number
  readonly coalesceMaxMs: number
  /** How soon what failed, or a root that is not there, is tried again. */
  readonly retryMs: number
  /** How often kept versions are looked through for what may go. */
  readonly collectMs: number
  /** How what is held is read again while nothing else goes on. */
  readonly scrub: ScrubPace
  readonly compact: CompactPace
}

export const DEFAULT_PACE: Pace = {
  rescanMs: 60 * 60_000,
  debounceMs: 50,
  coalesceMs: 200,
  coalesceMaxMs: 2000,
  retryMs: 10_000,
  collectMs: 10 * 60_000,
  scrub: { everyMs: 30 * 24 * 60 * 60_000, bytesPerSecond: 16 * 1024 * 1024, lookMs: 5 * 60_000 },
  compact: { supersededMin: SUPERSEDED_MIN, pauseMs: 10 },
}

export type LookEvent =
  /** The disk is looked at: all of it, or where hints lead. */
  { readonly kind: 'looking'; readonly isFull: boolean } | { readonly kind: 'observed'; readonly look: Look }

/** What the loops need of the engine, and tell it. */
export interface FolderHost extends CompactHost {
  readonly pace: Pace
  readonly pulls: Pulls
  readonly retention: RetentionRule
  treeOf(folder: FolderId): FileTree | undefined
  /** Whether all that is said of the folder can be understood, so that it may be applied. */
  mayApply(): boolean
  /** Resolves when the folder may compare its disk: its own manifest is recalled, or nobody can recall it. */
  ready(folder: Folder, o: AbortOptions): Promise<void>
  onHalt(folder: Folder): void
  onLook(folder: Folder, event: LookEvent): void
  onResolved(folder: Folder, outcome: PassOutcome): void
  /** A scrub has moved, or damage was found or is over. */
  onScrub(folder: Folder): void
}

/** Runs until the signal aborts. @throws what no loop can go on after. */
export async function runFolder(folder: Folder, host: FolderHost, o: AbortOptions): Promise<void> {
  const stop = new AbortController()
  const signal = AbortSignal.any([o.signal, stop.signal])
  await start(folder, { signal })
  const loops = [
    watchLoop(folder, { signal }),
    outLoop(folder, host, { signal }),
    publishLoop(folder, host, { signal }),
    inLoop(folder, host, { signal }),
    timerLoop(folder, host, { signal }),
    collectLoop(folder, host, { signal }),
    scrubLoop(folder, host, { signal }),
    compactLoop(folder, host, { signal }),
  ]
  try {
    await Promise.all(loops)
  } finally {
    stop.abort(new Error('the folder has stopped'))
    folder.looks.end()
    await Promise.allSettled(loops)
  }
}

/**
 * What a crash left: a batch in the middle is put right, whole blobs are counted, nothing waits any more. What the batch was to
 * record is kept until the disk was compared: others may have gone on since, and it must not be taken for an edit of this device.
 */
async function start(folder: Folder, o: AbortOptions): Promise<void> {
  const { catalogue, log } = folder.deps
  const intents = catalogue.read((tx) => tx.intents(folder.id))
  if (intents.length > 0) {
    const recovered = await folder.tree.recover(intents)
    const count = (kind: string): number => recovered.filter((each) => each.kind === kind).length
    log.event('folder.recovered', { folder: folder.id, arrived: count('arrived'), before: count('as-before') })
  }
  for (const { path, entry } of intents) if (!isUnsaid(entry)) folder.intended.set(path, entry)
  await loadScrub(folder)
  await countLanded(folder, o)
  await noteSelection(folder)
  catalogue.transact({ isDurable: false }, (tx) => {
    tx.setIntents(
      folder.id,
      intents.map((intent) => ({ ...intent, replaced: null })),
    )
    decideAgain(folder, tx)
  })
}

/** Whole blobs that wait to be placed. */
async function countLanded({ incoming, landed }: Folder, o: AbortOptions): Promise<void> {
  for await (const { hash, isWhole } of incoming.list(o)) if (isWhole) landed.add(hash)
}

async function watchLoop(folder: Folder, o: AbortOptions): Promise<void> {
  for await (const seen of folder.tree.watch(o)) hint(folder, seen.kind === 'overflow' ? 'all' : seen.directories)
}

/** The clock is no watcher, but it never misses: everything is looked at now and then, and what failed is tried again. */
async function timerLoop(folder: Folder, host: FolderHost, o: AbortOptions): Promise<void> {
  const { clock } = folder.deps
  let scannedMs = clock.monotonicMs()
  for (;;) {
    await clock.sleep(host.pace.retryMs, { ...o, slackMs: LOOK_SLACK_MS })
    // A disk that was unmounted, or went read-only, tells no watcher.
    const isHalted = folder.halt !== null || (await rootHalt(folder)) !== null
    if (isHalted || clock.monotonicMs() - scannedMs >= host.pace.rescanMs) {
      hint(folder, 'all')
      scannedMs = clock.monotonicMs()
    }
    if (folder.failures.size > 0) hint(folder, [...folder.failures.keys()].map(parentOf))
    const unreadable = unreadableDirectories(folder)
    if (unreadable.length > 0) hint(folder, unreadable)
    folder.toResolve.raise()
  }
}

/** Where permissions may have changed meanwhile: no watcher tells of that. */
function unreadableDirectories({ problems }: Folder): DirPath[] {
  return [...problems]
    .filter(([, list]) => list.some(({ code }) => code === 'unreadable'))
    .map(([directory]) => directory)
}

/** Kept versions and left-over blobs go when it is time, some while after the start. */
async function collectLoop(folder: Folder, host: FolderHost, o: AbortOptions): Promise<void> {
  for (;;) {
    await folder.deps.clock.sleep(host.pace.collectMs, { ...o, slackMs: LOOK_SLACK_MS })
    await collect(folder, host.retention, o)
  }
}

// ---- Out.

async function outLoop(folder: Folder, host: FolderHost, o: AbortOptions): Promise<void> {
  await host.ready(folder, o)
  folder.isReady = true
  hint(folder, 'all')
  folder.toPublish.raise()
  for (;;) {
    if (folder.burst === null) await folder.toObserve.wait(o)
    // A hint is the first of many; who asks has finished what there is to be seen.
    const isAsked = folder.looks.isAsked
    if (!isAsked) await folder.deps.clock.sleep(folder.burst === null ? host.pace.debounceMs : BURST_LOOK_MS, o)
    if (folder.isPaused) continue
    const scope = takeHints(folder)
    if (scope === undefined) continue
    const beganMs = folder.deps.clock.monotonicMs()
    const isFull = scope === 'all'
    if (isFull) folder.looks.begin()
    host.onLook(folder, { kind: 'looking', isFull })
    const outcome = await observe(folder, scope, o)
    if (scope === 'all') forgetDecision(folder, 'mass-delete-here')
    setHalt(folder, host, outcome.halt, ['mass-delete-elsewhere'])
    if (scope === 'all' && outcome.halt === null) {
      await settleSelection(folder, o)
      afterFullScan(folder)
    }
    tellDamage(folder, host)
    if (outcome.changes > 0) folder.hasNews = true
    if (outcome.changes > 0) publishNow(folder)
    else if (!hasHead(folder) && folder.isScanned) publishNow(folder)
    const look = toLook(folder, outcome, { isFull, tookMs: folder.deps.clock.monotonicMs() - beganMs })
    host.onLook(folder, { kind: 'observed', look })
    if (isFull) folder.looks.settle(look)
    folder.toResolve.raise()
  }
}

/** From the first one on, what others say can be compared with the disk. */
function afterFullScan(folder: Folder): void {
  if (folder.isScanned) return
  folder.isScanned = true
  withdrawAbsent(folder)
  folder.intended.clear()
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    tx.clearIntents(folder.id)
    tx.markDisputed(folder.id)
  })
}

function takeHints(folder: Folder): 'all' | ReadonlySet<DirPath> | undefined {
  const { hints } = folder
  if (!hints.all && hints.directories.size === 0) return undefined
  const directories = new Set(hints.directories)
  const isAll = hints.all || !folder.isScanned || folder.halt !== null
  hints.directories.clear()
  hints.all = false
  return isAll ? 'all' : directories
}

function hasHead(folder: Folder): boolean {
  return folder.deps.catalogue.read((tx) => tx.ownHead(folder.id))?.signed != null
}

export function publishNow(folder: Folder): void {
  folder.toPublishNow.raise()
  folder.toPublish.raise()
}

/** Own edits at once; adoptions gather, for longer while they keep coming. */
async function publishLoop(folder: Folder, host: FolderHost, o: AbortOptions): Promise<void> {
  const { clock } = folder.deps
  const { coalesceMs, coalesceMaxMs } = host.pace
  let delayMs = coalesceMs
  for (;;) {
    const idleSinceMs = clock.monotonicMs()
    await folder.toPublish.wait(o)
    const isCalm = clock.monotonicMs() - idleSinceMs >= coalesceMaxMs
    delayMs = isCalm ? coalesceMs : Math.min(delayMs * 2, coalesceMaxMs)
    await raisedOrAfter(folder.toPublishNow, clock, delayMs, o)
    if (!folder.isReady || folder.isPaused) continue
    await publishAll(folder, host)
  }
}

/** A great deal is told step by step: others fetch the first while the rest is written. */
async function publishAll(folder: Folder, host: FolderHost): Promise<void> {
  for (let done = await publish(folder); done !== 'nothing'; done = await publish(folder)) {
    host.onHead(folder)
    folder.toCompact.raise()
    if (done === 'all') return
  }
}

// ---- In.

async function inLoop(folder: Folder, host: FolderHost, o: AbortOptions): Promise<void> {
  for (;;) {
    await folder.toResolve.wait(o)
    if (!folder.isScanned || folder.isPaused || isHalted(folder) || !host.mayApply()) continue
    if (folder.mustLeave) await leave(folder, o)
    unblock(folder)
    const isAsked = folder.halt?.kind === 'mass-delete-elsewhere'
    if (!isAsked && !hasWork(folder)) continue
    const outcome = await resolvePass(folder, host.pulls, (id) => host.treeOf(id), o)
    forgetDecision(folder, 'mass-delete-elsewhere')
    setHalt(folder, host, outcome.halt, ['mass-delete-here', 'mount-missing'])
    if (outcome.steps > 0) folder.toPublish.raise()
    if (outcome.isMoreReady) folder.toResolve.raise()
    tellDamage(folder, host)
    host.onResolved(folder, outcome)
  }
}

function hasWork({ id, deps, planned }: Folder): boolean {
  return planned.hasArrived || deps.catalogue.read((tx) => tx.hasDirty(id))
}

/** What was damaged may be another file by now. */
function tellDamage(folder: Folder, host: FolderHost): void {
  settleDamage(folder)
  if (folder.damageEvents.length > 0) host.onScrub(folder)
}

/**
 * Whether it waits for a person or a disk. Deletions that others asked for may have been taken back meanwhile, elsewhere: what is
 * new is looked at, but not all the time.
 */
function isHalted({ halt, decision, hasNews, judgedMs, deps }: Folder): boolean {
  if (halt === null || decision !== null) return false
  return halt.kind !== 'mass-delete-elsewhere' || !hasNews || deps.clock.monotonicMs() - judgedMs < JUDGE_EVERY_MS
}

/** A decision is on one halt: once the pass that meets it is over, it decides nothing more. */
function forgetDecision(folder: Folder, kind: Halt['kind']): void {
  if (folder.halt?.kind === kind) folder.decision = null
}

/** Takes a pass's word for the halt, but not for the halts that only the other way can see. */
function setHalt(folder: Folder, host: FolderHost, halt: Halt | null, foreign: readonly Halt['kind'][]): void {
  if (halt === null && folder.halt !== null && foreign.includes(folder.halt.kind)) return
  const isNews = folder.halt?.kind !== halt?.kind
  folder.halt = halt
  if (isNews) host.onHalt(folder)
}
