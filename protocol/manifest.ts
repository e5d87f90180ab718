/** Manifests: all entries of one device in one folder, as a signed log of segments with a signed head. */

import type { Value } from './codec.ts'
import { asArray, asBytes, asList, asNullable, asUint, decode, encode } from './codec.ts'
import type { Crypto, Signed, Signer } from './crypto.ts'
import { checkSignature, sealBody } from './crypto.ts'
import type { Entry } from './entry.ts'
import { entryFromWire, entryToWire } from './entry.ts'
import { ProtocolError } from './errors.ts'
import type { DeviceId, FolderId, SegmentHash } from './ids.ts'
import { deviceIdOf, deviceKey, folderIdOf, idBytes, segmentHashOf } from './ids.ts'
import {
  HASH_BYTES,
  KEY_BYTES,
  SEGMENT_BYTES_MAX,
  SEGMENT_ENTRIES_MAX,
  SIGNATURE_BYTES,
  VECTOR_DEVICES_MAX,
} from './limits.ts'

/** A hybrid logical clock reading: never behind any that was seen. */
export interface Hlc {
  readonly ms: number
  readonly counter: number
}

/** Where a device's log of one folder stands. */
export interface Position {
  readonly epoch: number
  /** The sequence number of the last entry, 0 before the first. */
  readonly seq: number
}

export interface Segment {
  readonly folder: FolderId
  readonly device: DeviceId
  readonly epoch: number
  /** Counts from 0 in each epoch. */
  readonly segNo: number
  /** The sequence number of the first entry; entries are numbered from 1 in each epoch. */
  readonly firstSeq: number
  /** Null for the first segment of an epoch. */
  readonly prevHash: SegmentHash | null
  readonly hlc: Hlc
  readonly entries: readonly Entry[]
}

export interface Head {
  readonly folder: FolderId
  readonly device: DeviceId
  readonly epoch: number
  readonly lastSeq: number
  /** Null when the epoch has no segment yet: the device holds nothing here. */
  readonly lastSegHash: SegmentHash | null
  /** Live entries; tombstones are not counted. */
  readonly liveCount: number
  /** Sum mod 2^256 of `entryDigest` over all current entries that are held, tombstones too; 32 bytes, big-endian. */
  readonly stateDigest: Uint8Array
  readonly hlc: Hlc
  /** Where the epoch before this one ended, when this one carries its rows over. */
  readonly previous: Position | null
}

const VERSION = 1

export function sealSegment(segment: Segment, signer: Signer, crypto: Crypto): Signed {
  const devices = devicesOf(segment.entries)
  const index = new Map(devices.map((device, i) => [device, i]))
  const indexOf = (device: DeviceId): number => {
    const i = index.get(device)
    if (i === undefined) throw new Error(`device ${device} is missing from the segment's list`)
    return i
  }
  const body = encode([
    VERSION,
    idBytes(segment.folder),
    deviceKey(segment.device),
    segment.epoch,
    segment.segNo,
    segment.firstSeq,
    segment.prevHash === null ? null : idBytes(segment.prevHash),
    [segment.hlc.ms, segment.hlc.counter],
    devices.map(deviceKey),
    segment.entries.map((entry) => entryToWire(entry, indexOf)),
  ])
  if (body.length > SEGMENT_BYTES_MAX) throw new RangeError(`a segment has ${body.length} bytes`)
  return sealBody('segment', body, signer, crypto)
}

/** Entries that name devices by their place in a list. @throws ProtocolError unless the list is sorted and has exactly those named. */
export function entriesFromWire(keys: Value | undefined, list: Value | undefined): readonly Entry[] {
  const devices = asList(keys, 'devices of entries', VECTOR_DEVICES_MAX).map((key) =>
    deviceIdOf(asBytes(key, 'device of entries', KEY_BYTES)),
  )
  if (devices.some((id, i) => i > 0 && id <= (devices[i - 1] ?? '')))
    throw new ProtocolError('bad-field', 'the devices of entries are not sorted')
  const entries = asList(list, 'entries', SEGMENT_ENTRIES_MAX).map((entry) => entryFromWire(entry, devices))
  if (devicesOf(entries).length !== devices.length)
    throw new ProtocolError('bad-field', 'a device is listed that no entry names')
  return entries
}

/** Every device that the entries name, sorted. */
export function devicesOf(entries: readonly Entry[]): DeviceId[] {
  const devices = new Set<DeviceId>()
  for (const entry of entries) {
    devices.add(entry.modBy)
    for (const [device] of entry.version) devices.add(device)
  }
  return [...devices].sort()
}

/** Verifies before it returns. The caller compares folder, device, epoch, number and link with what it knows. @throws ProtocolError */
export function openSegment(signed: Signed, crypto: Crypto): Segment {
  if (signed.body.length > SEGMENT_BYTES_MAX) throw new ProtocolError('too-large', 'a segment is too large')
  const fields = asArray(decode(signed.body), 'segment', 10)
  const device = checkAuthor('segment', fields, signed, crypto)
  const entries = entriesFromWire(fields[8], fields[9])
  if (entries.length === 0) throw new ProtocolError('bad-field', 'a segment is empty')
  return {
    folder: folderIdOf(asBytes(fields[1], 'segment folder')),
    device,
    epoch: asUint(fields[3], 'segment epoch'),
    segNo: asUint(fields[4], 'segment number'),
    firstSeq: asUint(fields[5], 'segment first sequence number'),
    prevHash: asNullable(fields[6], segmentHashFrom),
    hlc: hlcFrom(fields[7]),
    entries,
  }
}

export function segmentHash(signed: Signed, crypto: Crypto): SegmentHash {
  return segmentHashOf(crypto.blake3(signed.body))
}

export function sealHead(head: Head, signer: Signer, crypto: Crypto): Signed {
  const body = encode([
    VERSION,
    idBytes(head.folder),
    deviceKey(head.device),
    head.epoch,
    head.lastSeq,
    head.lastSegHash === null ? null : idBytes(head.lastSegHash),
    head.liveCount,
    head.stateDigest,
    [head.hlc.ms, head.hlc.counter],
    head.previous === null ? null : [head.previous.epoch, head.previous.seq],
  ])
  return sealBody('head', body, signer, crypto)
}

/** Verifies before it returns. @throws ProtocolError */
export function openHead(signed: Signed, crypto: Crypto): Head {
  const fields = asArray(decode(signed.body), 'head', 10)
  const device = checkAuthor('head', fields, signed, crypto)
  const lastSeq = asUint(fields[4], 'head sequence number')
  const lastSegHash = asNullable(fields[5], segmentHashFrom)
  if ((lastSeq === 0) !== (lastSegHash === null))
    throw new ProtocolError('bad-field', 'a head names a segment unless it is empty')
  return {
    folder: folderIdOf(asBytes(fields[1], 'head folder')),
    device,
    epoch: asUint(fields[3], 'head epoch'),
    lastSeq,
    lastSegHash,
    liveCount: asUint(fields[6], 'head live count'),
    stateDigest: asBytes(fields[7], 'head state digest', HASH_BYTES),
    hlc: hlcFrom(fields[8]),
    previous: asNullable(fields[9], positionFrom),
  }
}

/** The author of a segment or head, once its signature and version are checked. */
function checkAuthor(what: string, fields: readonly Value[], signed: Signed, crypto: Crypto): DeviceId {
  if (asUint(fields[0], `${what} version`) !== VERSION)
    throw new ProtocolError('unknown-version', `this ${what} was made by a newer Holt: update Holt here`)
  const key = asBytes(fields[2], `${what} device`, KEY_BYTES)
  checkSignature(what, signed, key, crypto)
  return deviceIdOf(key)
}

function segmentHashFrom(value: Value): SegmentHash {
  return segmentHashOf(asBytes(value, 'segment hash', HASH_BYTES))
}

function hlcFrom(value: Value | undefined): Hlc {
  const [ms, counter] = asArray(value, 'clock', 2)
  return { ms: asUint(ms, 'clock milliseconds'), counter: asUint(counter, 'clock counter') }
}

function positionFrom(value: Value): Position {
  const [epoch, seq] = asArray(value, 'position', 2)
  return { epoch: asUint(epoch, 'position epoch'), seq: asUint(seq, 'position sequence number') }
}

/** `wire = [body, sig64]`, nested in messages. */
export function signedToWire(signed: Signed): Value {
  return [signed.body, signed.signature]
}

/** @throws ProtocolError `bad-field` */
export function signedFromWire(value: Value | undefined): Signed {
  const [body, signature] = asArray(value, 'signed object', 2)
  return { body: asBytes(body, 'signed body'), signature: asBytes(signature, 'signature', SIGNATURE_BYTES) }
}

/** How `a` stands to `b` in one device's log: a later epoch is later, whatever its sequence number. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch === b.epoch ? a.seq - b.seq : a.epoch - b.epoch
}

/** A folder's state digest with terms taken out and put in: a sum mod 2^256, so the order does not matter. */
export function moveDigest(digest: Uint8Array, removed: Uint8Array | null, added: Uint8Array | null): Uint8Array {
  const sum = digest.slice()
  let carry = 0
  for (let i = HASH_BYTES - 1; i >= 0; i--) {
    const total = (sum[i] ?? 0) - (removed?.[i] ?? 0) + (added?.[i] ?? 0) + carry
    sum[i] = total
    carry = total >> 8
  }
  return sum
}
