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
import type { Head, Hlc, Position } from '../../protocol/manifest.ts'
import { openHead, sealHead, sealSegment, segmentHash } from '../../protocol/manifest.ts'
import type { CatalogueReader, CatalogueWriter, OwnHead } from '../catalogue-port.ts'
import type { StateFiles } from '../ports.ts'
import type { Deps, Folder } from './folder.ts'

/** Bytes of a segment that are not entries: ids, hash, clock, and the device list. */
const SEGMENT_OVERHEAD_BYTES = 512 + VECTOR_DEVICES_MAX * 36

/** Entries of a segment that we make: few enough that applying one does not hold up the receiver for long. */
const SEALED_ENTRIES_MAX = 1024

/** Segments that are sealed in one transaction: others are told of them before the next are made, and nobody waits for long. */
const SEGMENTS_AT_ONCE = 8

/** Where a log ends, as the next segment continues it. */
export type LogEnd = Omit<OwnHead, 'signed'>

/** Seals what is unpublished, or so much of it as one transaction takes. @returns whether the head moved, and all is sealed. */
export function publish(folder: Folder): Promise<'nothing' | 'all' | 'some'> {
  return folder.publishing.use(() => publishNext(folder))
}

async function publishNext(folder: Folder): Promise<'nothing' | 'all' | 'some'> {
  const { catalogue, state } = folder.deps
  const before = catalogue.read((tx) => tx.ownHead(folder.id))
  if (before?.signed != null && catalogue.read((tx) => tx.unpublished(folder.id, 1)).length === 0) return 'nothing'
  const { head, isAll } = catalogue.transact({ isDurable: true }, (tx) => {
    let segments = 0
    while (segments < SEGMENTS_AT_ONCE && sealNext(tx, folder)) segments += 1
    return { head: sealOwnHead(tx, folder), isAll: segments < SEGMENTS_AT_ONCE }
  })
  await saveHead(state, folder.id, head)
  return isAll ? 'all' : 'some'
}

function sealNext(tx: CatalogueWriter, folder: Folder): boolean {
  const entries = fitting(tx.unpublished(folder.id, SEALED_ENTRIES_MAX))
  if (entries.length === 0) return false
  const { signed: lastHead, ...end } = tx.ownHead(folder.id) ?? newHead(tx, folder)
  const next = sealAfter(folder, end, entries)
  tx.addSegment(folder.id, end.nextSegNo, entries, next.signed, { ...next.end, signed: lastHead })
  return true
}

/** One segment behind the end of a log. @param entries fit into it. */
export function sealAfter(folder: Folder, end: LogEnd, entries: readonly Entry[]): { signed: Signed; end: LogEnd } {
  const { crypto, signer } = folder.deps
  const hlc = tick(end.hlc, folder.deps)
  const signed = sealSegment(
    {
      folder: folder.id,
      device: signer.device,
      epoch: end.epoch,
      segNo: end.nextSegNo,
      firstSeq: end.lastSeq + 1,
      prevHash: end.lastSegHash,
      hlc,
      entries,
    },
    signer,
    crypto,
  )
  const lastSegHash = segmentHash(signed, crypto)
  const lastSeq = end.lastSeq + entries.length
  return { signed, end: { epoch: end.epoch, lastSeq, nextSegNo: end.nextSegNo + 1, lastSegHash, hlc } }
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
  // An epoch that carried rows over says in each of its heads where they end.
  const sealed = headAt(tx, folder, head, tx.epochStart(folder.id)?.position ?? null)
  tx.setOwnHead(folder.id, sealed)
  return sealed.signed
}

/** The head of a log that ends here, over all that is said now. */
export function headAt(
  tx: CatalogueReader,
  folder: Folder,
  end: LogEnd,
  previous: Position | null,
): LogEnd & { readonly signed: Signed } {
  const { crypto, signer } = folder.deps
  const { live, digest } = tx.totals(folder.id)
  const { epoch, lastSeq, nextSegNo, lastSegHash } = end
  const hlc = tick(end.hlc, folder.deps)
  const signed = sealHead(
    {
      folder: folder.id,
      device: signer.device,
      epoch,
      lastSeq,
      lastSegHash,
      liveCount: live,
      stateDigest: digest,
      hlc,
      previous,
    },
    signer,
    crypto,
  )
  return { epoch, lastSeq, nextSegNo, lastSegHash, hlc, signed }
}

/** The next reading of the hybrid clock: never behind the last. */
function tick(last: Hlc, { clock }: Deps): Hlc {
  const ms = clock.wallMs()
  return ms > last.ms ? { ms, counter: 0 } : { ms: last.ms, counter: last.counter + 1 }
}

// ---- The own last head, outside the catalogue: it tells a catalogue that has fallen behind.

const headFile = (folder: FolderId): string => `folders/${folder}.head`

/** Before anybody is told of it. */
export async function saveHead(state: StateFiles, folder: FolderId, head: Signed): Promise<void> {
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
