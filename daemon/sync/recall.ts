/**
 * Recall: a device whose catalogue is new, or behind its own head, asks the others for its own manifest, and takes the newest copy
 * that its own signed head vouches for. Until then it neither publishes nor applies.
 */

import type { Crypto } from '../../protocol/crypto.ts'
import type { Entry } from '../../protocol/entry.ts'
import { entryDigest } from '../../protocol/entry.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { HASH_BYTES } from '../../protocol/limits.ts'
import type { Head, Position } from '../../protocol/manifest.ts'
import { comparePositions, moveDigest, openHead } from '../../protocol/manifest.ts'
import type { MetaMessage } from '../../protocol/meta-messages.ts'
import { sameBytes } from '../../protocol/chunks.ts'
import type { RelPath } from '../../protocol/path.ts'
import { comparePaths } from '../../protocol/path.ts'
import type { Folder } from './folder.ts'
import { fitting } from './publish.ts'

/** Entries of one page: with the longest paths below the largest frame. */
const PAGE_ENTRIES = 256

type Recalled = Extract<MetaMessage, { kind: 'recalled' }>

/** One page of what we know of a device's own state. */
export function recalledPage(folder: Folder, device: DeviceId, after: RelPath | null): Recalled {
  return folder.deps.catalogue.read((tx) => {
    const known = tx.entriesHeldBy(folder.id, device, after, PAGE_ENTRIES)
    const entries = fitting(known)
    const isLast = known.length < PAGE_ENTRIES && entries.length === known.length
    const head = isLast ? (tx.peerPosition(folder.id, device)?.head ?? null) : null
    return { kind: 'recalled', folder: folder.id, head, entries, isLast }
  })
}

/** The newest copy so far, of which a head vouches for every entry, and what is still arriving from each device. */
export interface Recall {
  readonly arriving: Map<DeviceId, Entry[]>
  readonly answered: Set<DeviceId>
  best: { readonly head: Head; readonly entries: readonly Entry[] } | null
  /** The largest epoch of ours that anybody knows. */
  epochMax: number
}

export function createRecall(): Recall {
  return { arriving: new Map(), answered: new Set(), best: null, epochMax: 0 }
}

/** Takes one page. @throws ProtocolError when the pages are not in order, or the head is forged */
export function takeRecalled(recall: Recall, folder: Folder, device: DeviceId, message: Recalled): void {
  const entries = recall.arriving.get(device) ?? []
  for (const entry of message.entries) {
    const last = entries.at(-1)
    if (last !== undefined && comparePaths(last.path, entry.path) >= 0)
      throw new ProtocolError('bad-field', 'a recalled manifest is not in order')
    entries.push(entry)
  }
  recall.arriving.set(device, entries)
  if (!message.isLast) return
  recall.arriving.delete(device)
  recall.answered.add(device)
  if (message.head !== null) consider(recall, folder, openHead(message.head, folder.deps.crypto), entries)
}

function consider(recall: Recall, folder: Folder, head: Head, entries: readonly Entry[]): void {
  const { crypto, log, signer } = folder.deps
  if (head.device !== signer.device || head.folder !== folder.id) return
  recall.epochMax = Math.max(recall.epochMax, head.epoch)
  if (!sameBytes(stateDigestOf(entries, crypto), head.stateDigest)) {
    log.event('recall.incomplete', { folder: folder.id, entries: entries.length })
    return
  }
  const position = (of: Head): { epoch: number; seq: number } => ({ epoch: of.epoch, seq: of.lastSeq })
  if (recall.best === null || comparePositions(position(head), position(recall.best.head)) > 0)
    recall.best = { head, entries: entries.filter(({ isHeld }) => isHeld) }
}

/** The digest over entries that a head signs. */
export function stateDigestOf(entries: readonly Entry[], crypto: Crypto): Uint8Array {
  return entries
    .filter(({ isHeld }) => isHeld)
    .reduce<Uint8Array>(
      (digest, entry) => moveDigest(digest, null, entryDigest(entry, crypto)),
      new Uint8Array(HASH_BYTES),
    )
}

/**
 * Makes a recalled manifest our own again, under a new epoch; unless what the catalogue has is newer, which stays. The disk is
 * compared with it afterwards.
 */
export function restoreOwn(folder: Folder, recall: Recall, ownAt: Position | null, savedAt: Position | null): void {
  const { catalogue, clock, log } = folder.deps
  const { best } = recall
  const bestAt = best === null ? null : { epoch: best.head.epoch, seq: best.head.lastSeq }
  const isNewer = bestAt !== null && (ownAt === null || comparePositions(bestAt, ownAt) > 0)
  const entries = isNewer && best !== null ? best.entries : []
  const epoch = Math.max(recall.epochMax + 1, (ownAt?.epoch ?? 0) + 1, (savedAt?.epoch ?? 0) + 1, clock.wallMs())
  catalogue.transact({ isDurable: true }, (tx) => {
    tx.beginEpoch(folder.id, epoch)
    for (const entry of entries) tx.setOwn(folder.id, { entry, fingerprint: null }, 'resolved')
    tx.markDirty(
      folder.id,
      entries.map((entry) => entry.path),
    )
  })
  log.event('recall.done', { folder: folder.id, entries: entries.length, epoch })
}
