/**
 * Before a folder compares its disk: is the catalogue as new as what left this device? If it is not, the folder recalls its own
 * manifest from every device that it can reach, and takes the newest. A folder that was just accepted waits for an offer's manifest,
 * so that equal files are recognised and never touched.
 */

import type { DeviceId } from '../../protocol/ids.ts'
import { comparePositions } from '../../protocol/manifest.ts'
import type { MetaMessage } from '../../protocol/meta-messages.ts'
import type { AbortOptions } from '../ports.ts'
import type { Folder } from './folder.ts'
import { loadHead, publish } from './publish.ts'
import type { Recall } from './recall.ts'
import { createRecall, restoreOwn, takeRecalled } from './recall.ts'

/** How long others that may know more are waited for, after the first has answered; in milliseconds. */
const SETTLE_MS = 3000
/** How long a new folder waits for the first manifest, in milliseconds. */
const FIRST_MANIFEST_MS = 15_000
/** How often it is looked whether a wait is over, in milliseconds. */
const LOOK_MS = 100

/** How long a question may go unanswered before it is asked again, in milliseconds. */
const ASK_AGAIN_MS = 15_000

/** Who holds the folder, as far as sessions have told. */
export interface RecoveryHost {
  /** Whether the group has any other member. */
  hasOthers(): boolean
  /** Whether every other member is online and has said what it holds. */
  isEverybodyHeard(): boolean
  /** Devices with an open session that hold the folder. */
  holders(folder: Folder): readonly DeviceId[]
  /** Of those, the ones whose log is here to its head. */
  complete(folder: Folder): readonly DeviceId[]
  ask(device: DeviceId, message: MetaMessage): void
  /** The folder's head moved. */
  onHead(folder: Folder): void
}

export interface Recovery {
  /** Set when the folder was accepted since the start, and nothing was published of it. */
  readonly isNew: boolean
  readonly recall: Recall
  /** Who was asked in a session that is still open, and when that was or its last page came, in milliseconds. */
  readonly asked: Map<DeviceId, number>
}

export function createRecovery(isNew: boolean): Recovery {
  return { isNew, recall: createRecall(), asked: new Map() }
}

/** Resolves when the folder may compare its disk. */
export async function recover(folder: Folder, recovery: Recovery, host: RecoveryHost, o: AbortOptions): Promise<void> {
  const saved = await loadHead(folder.id, folder.deps)
  const own = folder.deps.catalogue.read((tx) => tx.ownHead(folder.id))
  const savedAt = saved === undefined ? null : { epoch: saved.epoch, seq: saved.lastSeq }
  const ownAt = own?.signed == null ? null : { epoch: own.epoch, seq: own.lastSeq }
  const isBehind = savedAt !== null && (ownAt === null || comparePositions(ownAt, savedAt) < 0)
  if (!isBehind && !folder.isRecovering) {
    if (recovery.isNew && own === undefined) await firstManifest(folder, host, o)
    return
  }
  folder.isRecovering = true
  folder.deps.log.event('folder.recovering', { folder: folder.id })
  if (host.hasOthers()) await recallFromAll(folder, recovery, host, o)
  restoreOwn(folder, recovery.recall, ownAt, savedAt)
  folder.isRecovering = false
}

/**
 * Asks everyone who comes within reach; goes on when all members are there and those of them who hold the folder have answered, or
 * when all who are there have answered and no other has come for a while.
 */
async function recallFromAll(folder: Folder, recovery: Recovery, host: RecoveryHost, o: AbortOptions): Promise<void> {
  const { clock } = folder.deps
  let settledMs: number | undefined
  for (;;) {
    const holders = host.holders(folder)
    askHolders(folder, recovery, host, holders)
    const { answered } = recovery.recall
    const isEverybodyHeard = host.isEverybodyHeard()
    const hasWord = answered.size > 0 || isEverybodyHeard
    const isSettled = hasWord && holders.every((device) => answered.has(device))
    if (isSettled && isEverybodyHeard) return
    settledMs = isSettled ? (settledMs ?? clock.monotonicMs()) : undefined
    if (settledMs !== undefined && clock.monotonicMs() - settledMs >= SETTLE_MS) return
    await clock.sleep(LOOK_MS, o)
  }
}

function askHolders(folder: Folder, recovery: Recovery, host: RecoveryHost, holders: readonly DeviceId[]): void {
  const nowMs = folder.deps.clock.monotonicMs()
  for (const device of holders) {
    const askedMs = recovery.asked.get(device)
    if (recovery.recall.answered.has(device)) continue
    if (askedMs !== undefined && nowMs - askedMs < ASK_AGAIN_MS) continue
    recovery.asked.set(device, nowMs)
    recovery.recall.arriving.delete(device)
    host.ask(device, { kind: 'recall', folder: folder.id })
  }
}

/** A session ended: what was asked in it is asked again in the next. */
export function forgetAsked(recovery: Recovery, device: DeviceId): void {
  recovery.asked.delete(device)
  recovery.recall.arriving.delete(device)
}

/** A page of the own manifest came. @throws ProtocolError */
export function onRecalled(
  folder: Folder,
  recovery: Recovery,
  device: DeviceId,
  message: Extract<MetaMessage, { kind: 'recalled' }>,
): void {
  if (!folder.isRecovering || !recovery.asked.has(device)) return
  recovery.asked.set(device, folder.deps.clock.monotonicMs())
  takeRecalled(recovery.recall, folder, device, message)
}

async function firstManifest(folder: Folder, host: RecoveryHost, o: AbortOptions): Promise<void> {
  const { clock } = folder.deps
  // An empty head tells the others that this device holds the folder; they answer with theirs.
  await publish(folder)
  host.onHead(folder)
  const untilMs = clock.monotonicMs() + FIRST_MANIFEST_MS
  while (host.hasOthers() && clock.monotonicMs() < untilMs && host.complete(folder).length === 0)
    await clock.sleep(LOOK_MS, o)
}
