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

/** Who holds the folder, as far as sessions have told. */
export interface RecoveryHost {
  /** Whether the group has any other member. */
  hasOthers(): boolean
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
  readonly asked: Set<DeviceId>
}

export function createRecovery(isNew: boolean): Recovery {
  return { isNew, recall: createRecall(), asked: new Set() }
}

/** Resolves when the folder may compare its disk. */
export async function recover(folder: Folder, recovery: Recovery, host: RecoveryHost, o: AbortOptions): Promise<void> {
  const saved = await loadHead(folder.id, folder.deps)
  const own = folder.deps.catalogue.read((tx) => tx.ownHead(folder.id))
  const savedAt = saved === undefined ? undefined : { epoch: saved.epoch, seq: saved.lastSeq }
  const isBehind =
    folder.isRecovering ||
    (savedAt !== undefined &&
      (own?.signed == null || comparePositions({ epoch: own.epoch, seq: own.lastSeq }, savedAt) < 0))
  if (!isBehind) {
    if (recovery.isNew && own === undefined) await firstManifest(folder, host, o)
    return
  }
  folder.isRecovering = true
  folder.deps.log.event('folder.recovering', { folder: folder.id })
  if (host.hasOthers()) await recallFromAll(folder, recovery, host, o)
  restoreOwn(folder, recovery.recall, Math.max(savedAt?.epoch ?? 0, own?.epoch ?? 0))
  folder.isRecovering = false
}

/** Asks everyone who comes within reach; goes on when all of them have answered and no other has come for a while. */
async function recallFromAll(folder: Folder, recovery: Recovery, host: RecoveryHost, o: AbortOptions): Promise<void> {
  const { clock } = folder.deps
  let answeredMs: number | undefined
  for (;;) {
    for (const device of host.holders(folder)) {
      if (recovery.asked.has(device)) continue
      recovery.asked.add(device)
      host.ask(device, { kind: 'recall', folder: folder.id })
    }
    const isAnswered =
      recovery.recall.answered.size > 0 && [...recovery.asked].every((device) => isDone(folder, recovery, host, device))
    answeredMs = isAnswered ? (answeredMs ?? clock.monotonicMs()) : undefined
    if (answeredMs !== undefined && clock.monotonicMs() - answeredMs >= SETTLE_MS) return
    await clock.sleep(LOOK_MS, o)
  }
}

function isDone(folder: Folder, recovery: Recovery, host: RecoveryHost, device: DeviceId): boolean {
  return recovery.recall.answered.has(device) || !host.holders(folder).includes(device)
}

/** A page of the own manifest came. */
export function onRecalled(
  folder: Folder,
  recovery: Recovery,
  device: DeviceId,
  message: Extract<MetaMessage, { kind: 'recalled' }>,
): void {
  if (folder.isRecovering && recovery.asked.has(device)) takeRecalled(recovery.recall, folder, device, message)
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
