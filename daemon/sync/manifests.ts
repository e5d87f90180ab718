/** What another device's head and segments change here: verified, then applied in one transaction each. */

import type { Signed } from '../../protocol/crypto.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { GROUP_DEVICES_MAX, VECTOR_DEVICES_MAX } from '../../protocol/limits.ts'
import type { Head, Position, Segment } from '../../protocol/manifest.ts'
import { openHead, openSegment, segmentHash } from '../../protocol/manifest.ts'
import type { PeerPosition } from '../catalogue-port.ts'
import { assessHead } from '../core/session.ts'
import type { Folder } from './folder.ts'

/** So many invented devices leave room for every member in a vector: whoever edits the path next has to be named, too. */
const STRANGERS_MAX = VECTOR_DEVICES_MAX - GROUP_DEVICES_MAX

/** A folder whose manifests are taken: held here, or only looked at before it is accepted. */
export type ManifestFolder = Pick<Folder, 'id' | 'deps'>

export type HeadOutcome =
  | { readonly kind: 'complete'; readonly position: Position }
  | { readonly kind: 'want'; readonly epoch: number; readonly fromSegNo: number }
  /** All up to this position is here; the device says what follows when it is acknowledged. */
  | { readonly kind: 'go-on'; readonly position: Position }
  /** The same, of the epoch before: the device says how its epoch began. */
  | { readonly kind: 'ask-start'; readonly position: Position }
  /** Behind what is known of the device. */
  | { readonly kind: 'stale'; readonly known: Position }
  /** `epoch`: the one in which nothing more is taken. */
  | { readonly kind: 'equivocation'; readonly epoch: number }

export interface HeadOptions {
  /** Whether the first head of its epoch may be asked for: not twice, since one that lies never shows it. */
  readonly mayAsk: boolean
}

/** @throws ProtocolError when the head is not this device's, for this folder. */
export function acceptHead(
  folder: ManifestFolder,
  device: DeviceId,
  signed: Signed,
  { mayAsk }: HeadOptions = { mayAsk: true },
): HeadOutcome {
  const { catalogue, crypto } = folder.deps
  const head = openHeadOf(folder, device, signed)
  const known = catalogue.read((tx) => tx.peerPosition(folder.id, device))
  const isNewEpoch = known !== undefined && head.epoch > known.position.epoch
  const last = isNewEpoch ? openHead(known.head, crypto) : undefined
  const step = assessHead(known, last, head, mayAsk)
  switch (step.kind) {
    case 'complete':
      return { kind: 'complete', position: { epoch: head.epoch, seq: head.lastSeq } }
    case 'fetch':
      return { kind: 'want', epoch: step.epoch, fromSegNo: step.fromSegNo }
    case 'resume':
    case 'ask-start':
      return { kind: step.kind === 'resume' ? 'go-on' : 'ask-start', position: positionOf(known) }
    case 'stale':
      return { kind: 'stale', known: positionOf(known) }
    case 'carry-over':
      return carryOver(folder, device, head, signed)
    case 'start-over':
      return startEpoch(folder, device, head, signed, known !== undefined)
    case 'equivocation':
      if (known !== undefined) markEquivocal(folder, device, known)
      return { kind: 'equivocation', epoch: known?.position.epoch ?? head.epoch }
  }
}

/** Nothing more is taken from the device before its next epoch, also after a restart. Told once. */
function markEquivocal({ id, deps }: ManifestFolder, device: DeviceId, known: PeerPosition): void {
  if (known.isEquivocal) return
  deps.catalogue.transact({ isDurable: true }, (tx) => tx.setPeerPosition(id, device, { ...known, isEquivocal: true }))
  const { epoch, seq } = known.position
  deps.log.event('peer.equivocation', { device, folder: id, epoch, seq })
}

function openHeadOf(folder: ManifestFolder, device: DeviceId, signed: Signed): Head {
  const head = openHead(signed, folder.deps.crypto)
  if (head.device !== device || head.folder !== folder.id) {
    throw new ProtocolError('bad-field', 'a head speaks for another device or folder')
  }
  return head
}

function positionOf(known: PeerPosition | undefined): Position {
  return known?.position ?? { epoch: 0, seq: 0 }
}

/** What the device says stays as it is; the log goes on behind what it has written anew of it. */
function carryOver({ id, deps }: ManifestFolder, device: DeviceId, head: Head, signed: Signed): HeadOutcome {
  const { epoch, lastSeq, lastSegHash } = head
  const position: Position = { epoch, seq: lastSeq }
  const nextSegNo = lastSegHash === null ? 0 : null
  deps.catalogue.transact({ isDurable: false }, (tx) =>
    tx.setPeerPosition(id, device, { position, nextSegNo, lastSegHash, head: signed, isEquivocal: false }),
  )
  deps.log.event('peer.carried-over', { device, folder: id, epoch })
  return { kind: 'complete', position }
}

function startEpoch(
  folder: ManifestFolder,
  device: DeviceId,
  head: Head,
  signed: Signed,
  forgets: boolean,
): HeadOutcome {
  const position: Position = { epoch: head.epoch, seq: 0 }
  folder.deps.catalogue.transact({ isDurable: false }, (tx) => {
    if (forgets) tx.forgetPeer(folder.id, device)
    tx.setPeerPosition(folder.id, device, {
      position,
      nextSegNo: 0,
      lastSegHash: null,
      head: signed,
      isEquivocal: false,
    })
  })
  return head.lastSeq === 0 ? { kind: 'complete', position } : { kind: 'want', epoch: head.epoch, fromSegNo: 0 }
}

/**
 * Applies consecutive segments of a device. Those that do not continue what is known (a push that crossed a request) are passed
 * over; one that continues another log of the device stops all taking. The head comes with them and is kept as the device's word.
 *
 * @param wasMember whether the group has ever heard of a device
 * @returns whether any entry came
 * @throws ProtocolError for anything forged, the head too
 */
export function acceptSegments(
  folder: ManifestFolder,
  device: DeviceId,
  segments: readonly Signed[],
  head: Signed,
  wasMember: (device: DeviceId) => boolean,
): boolean {
  const { catalogue, crypto } = folder.deps
  openHeadOf(folder, device, head)
  let isChanged = false
  for (const signed of segments) {
    const known = catalogue.read((tx) => tx.peerPosition(folder.id, device))
    const segment = openSegment(signed, crypto)
    if (segment.device !== device || segment.folder !== folder.id) {
      throw new ProtocolError('bad-field', 'a segment speaks for another device or folder')
    }
    if (known === undefined || known.isEquivocal) continue
    const place = placeOf(known, segment)
    if (place === 'fork') markEquivocal(folder, device, known)
    if (place !== 'next') continue
    checkVectors(segment, wasMember)
    catalogue.transact({ isDurable: false }, (tx) => {
      tx.applyEntries(folder.id, device, segment.entries)
      tx.setPeerPosition(folder.id, device, {
        position: { epoch: segment.epoch, seq: segment.firstSeq + segment.entries.length - 1 },
        nextSegNo: segment.segNo + 1,
        lastSegHash: segmentHash(signed, crypto),
        head,
        isEquivocal: false,
      })
    })
    isChanged = true
  }
  return isChanged
}

/** @throws ProtocolError for a vector that is full of devices of which the group has never heard */
function checkVectors({ entries }: Segment, wasMember: (device: DeviceId) => boolean): void {
  for (const { version } of entries) {
    if (version.length <= STRANGERS_MAX) continue
    const strangers = version.filter(([device]) => !wasMember(device))
    if (strangers.length > STRANGERS_MAX) throw new ProtocolError('bad-field', 'a vector is full of invented devices')
  }
}

/**
 * A device that signs what follows on another segment than the one that it had signed under that number has two logs. @throws
 * ProtocolError `broken-chain` for a segment that takes the next number and cannot stand there in any log
 */
function placeOf(known: PeerPosition, segment: Segment): 'next' | 'fork' | 'elsewhere' {
  if (segment.epoch !== known.position.epoch || !isNumberedNext(known, segment)) return 'elsewhere'
  if (segment.prevHash === known.lastSegHash && segment.firstSeq === known.position.seq + 1) return 'next'
  const isOfAnother = segment.prevHash !== known.lastSegHash && segment.prevHash !== null && known.lastSegHash !== null
  if (isOfAnother) return 'fork'
  throw new ProtocolError('broken-chain', 'a segment does not continue the log that it numbers itself into')
}

/** Behind what was carried over the place in the log decides; no log has more segments than entries. */
function isNumberedNext({ nextSegNo, position }: PeerPosition, { segNo, firstSeq }: Segment): boolean {
  if (nextSegNo !== null) return segNo === nextSegNo
  return firstSeq === position.seq + 1 && segNo < firstSeq
}
