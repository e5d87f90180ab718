/**
 * Publish: own entries that no segment has yet become segments with a new head. The transaction is durable, and the head is in a
 * file of its own, before anybody is told: so no device ever knows more of us than we do.
 */

import type { Signed } from '../../protocol/crypto.ts'
import { asArray, asBytes, decode, encode } from '../../protocol/codec.ts'
import type { Entry } from '../../protocol/entry.ts'
import { entryBytesMax } from '../../protocol/entry.ts'
import type { FolderId } from '../../protocol/ids.ts'
import { SEGMENT_BYTES_MAX, VECTOR_DEVICES_MAX } from '../../protocol/limits.ts'
import type { Head, Hlc } from '../../protocol/manifest.ts'
import { openHead, sealHead, sealSegment, segmentHash } from '../../protocol/manifest.ts'
import type { CatalogueWriter, OwnHead } from '../catalogue-port.ts'
import type { StateFiles } from '../ports.ts'
import type { Deps, Folder } from './folder.ts'

/** Bytes of a segment that are not entries: ids, hash, clock, and the device list. */
const SEGMENT_OVERHEAD_BYTES = 512 + VECTOR_DEVICES_MAX * 36

/** Entries of a segment that we make: few enough that applying one does not hold up the receiver for long. */
const SEALED_ENTRIES_MAX = 1024

/** Seals everything that is unpublished. @returns whether the head moved. */
export async function publish(folder: Folder): Promise<boolean> {
  const { catalogue, state } = folder.deps
  const before = catalogue.read((tx) => tx.ownHead(folder.id))
  if (before?.signed != null && catalogue.read((tx) => tx.unpublished(folder.id, 1)).length === 0) return false
  const head = catalogue.transact({ isDurable: true }, (tx) => {
    while (sealNext(tx, folder)) continue
    return sealOwnHead(tx, folder)
  })
  await saveHead(state, folder.id, head)
  return true
}

function sealNext(tx: CatalogueWriter, folder: Folder): boolean {
  const { crypto, signer } = folder.deps
  const entries = fitting(tx.unpublished(folder.id, SEALED_ENTRIES_MAX))
  if (entries.length === 0) return false
  const head = tx.ownHead(folder.id) ?? newHead(tx, folder)
  const hlc = tick(head.hlc, folder.deps)
  const signed = sealSegment(
    {
      folder: folder.id,
      device: signer.device,
      epoch: head.epoch,
      segNo: head.nextSegNo,
      firstSeq: head.lastSeq + 1,
      prevHash: head.lastSegHash,
      hlc,
      entries,
    },
    signer,
    crypto,
  )
  tx.addSegment(folder.id, head.nextSegNo, entries, signed, {
    ...head,
    lastSeq: head.lastSeq + entries.length,
    nextSegNo: head.nextSegNo + 1,
    lastSegHash: segmentHash(signed, crypto),
    hlc,
  })
  return true
}

/** As many of these entries as one segment takes: bounded in bytes and devices. At least one. */
export function fitting(entries: readonly Entry[]): readonly Entry[] {
  const devices = new Set<string>()
  let bytes = SEGMENT_OVERHEAD_BYTES
  const end = entries.findIndex((entry, i) => {
    bytes += entryBytesMax(entry)
    devices.add(entry.modBy)
    for (const [device] of entry.version) devices.add(device)
    return i > 0 && (bytes > SEGMENT_BYTES_MAX || devices.size > VECTOR_DEVICES_MAX)
  })
  return end < 0 ? entries : entries.slice(0, end)
}

function newHead(tx: CatalogueWriter, folder: Folder): OwnHead {
  tx.beginEpoch(folder.id, folder.deps.clock.wallMs())
  const head = tx.ownHead(folder.id)
  if (head === undefined) throw new Error('an epoch has begun and has no head')
  return head
}

function sealOwnHead(tx: CatalogueWriter, folder: Folder): Signed {
  const head = tx.ownHead(folder.id) ?? newHead(tx, folder)
  const totals = tx.totals(folder.id)
  const hlc = tick(head.hlc, folder.deps)
  const signed = sealHead(
    {
      folder: folder.id,
      device: folder.deps.signer.device,
      epoch: head.epoch,
      lastSeq: head.lastSeq,
      lastSegHash: head.lastSegHash,
      liveCount: totals.live,
      stateDigest: totals.digest,
      hlc,
      previous: null,
    },
    folder.deps.signer,
    folder.deps.crypto,
  )
  tx.setOwnHead(folder.id, { ...head, hlc, signed })
  return signed
}

/** The next reading of the hybrid clock: never behind the last. */
function tick(last: Hlc, { clock }: Deps): Hlc {
  const ms = clock.wallMs()
  return ms > last.ms ? { ms, counter: 0 } : { ms: last.ms, counter: last.counter + 1 }
}

// ---- The own last head, outside the catalogue: it tells a catalogue that has fallen behind.

const headFile = (folder: FolderId): string => `folders/${folder}.head`

async function saveHead(state: StateFiles, folder: FolderId, head: Signed): Promise<void> {
  await state.write(headFile(folder), encode([head.body, head.signature]))
}

/** The last head that may have left this device; undefined when none ever did. */
export async function loadHead(folder: FolderId, { state, crypto }: Deps): Promise<Head | undefined> {
  const bytes = await state.read(headFile(folder))
  if (bytes === undefined) return undefined
  const [body, signature] = asArray(decode(bytes), 'own head', 2)
  return openHead({ body: asBytes(body, 'own head body'), signature: asBytes(signature, 'own head signature') }, crypto)
}

export async function removeHead(folder: FolderId, { state }: Deps): Promise<void> {
  await state.remove(headFile(folder))
}
