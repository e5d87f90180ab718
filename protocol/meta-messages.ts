/** What two members say in a session, `/holt/meta/1`. One frame is one message: a canonical CBOR array led by its kind. */

import type { Value } from './codec.ts'
import { asArray, asBool, asBytes, asList, asNullable, asText, asUint, decode, encode } from './codec.ts'
import type { Signed } from './crypto.ts'
import type { Entry } from './entry.ts'
import { entryToWire } from './entry.ts'
import { ProtocolError } from './errors.ts'
import type { FolderId } from './ids.ts'
import { deviceKey, folderIdOf, idBytes } from './ids.ts'
import { FOLDERS_MAX, NAME_BYTES_MAX, SEGMENT_ENTRIES_MAX } from './limits.ts'
import type { Position } from './manifest.ts'
import { devicesOf, entriesFromWire, signedFromWire, signedToWire } from './manifest.ts'

/** A folder that waits for a person, as others may show it and decide it. */
export interface HaltNotice {
  readonly reason: string
  readonly deletes: number
  readonly live: number
}

export type MetaMessage =
  /** First from both sides: the version of Holt, and each folder that the sender holds with its head. */
  | { readonly kind: 'hello'; readonly release: string; readonly folders: readonly FolderHead[] }
  /** The sender's head of a folder moved, or it holds the folder since now. */
  | { readonly kind: 'head'; readonly folder: FolderId; readonly head: Signed }
  /** Asks for the sender's segments of an epoch from a number on. */
  | { readonly kind: 'want'; readonly folder: FolderId; readonly epoch: number; readonly fromSegNo: number }
  /** Consecutive segments, and the head as it is now. */
  | {
      readonly kind: 'segments'
      readonly folder: FolderId
      readonly head: Signed
      readonly segments: readonly Signed[]
    }
  /** All of the other's log up to here is applied. */
  | { readonly kind: 'ack'; readonly folder: FolderId; readonly position: Position }
  /** Asks what the other knows of the sender's own manifest, after its catalogue was lost. */
  | { readonly kind: 'recall'; readonly folder: FolderId }
  /** One page of the answer. `head` is the newest that the other saw, in the asker's own signature; null: nothing is known. */
  | {
      readonly kind: 'recalled'
      readonly folder: FolderId
      readonly head: Signed | null
      readonly entries: readonly Entry[]
      readonly isLast: boolean
    }
  /** The folder is halted at the sender, or (null) no longer. */
  | { readonly kind: 'halt'; readonly folder: FolderId; readonly notice: HaltNotice | null }
  /** A person decided here on a halt over there. */
  | { readonly kind: 'decide'; readonly folder: FolderId; readonly approve: boolean }
  /** The sender no longer holds the folder. */
  | { readonly kind: 'drop'; readonly folder: FolderId }
  | { readonly kind: 'ping' }

export interface FolderHead {
  readonly folder: FolderId
  readonly head: Signed
  readonly halt: HaltNotice | null
}

const KINDS = [
  'hello',
  'head',
  'want',
  'segments',
  'ack',
  'recall',
  'recalled',
  'halt',
  'decide',
  'drop',
  'ping',
] as const

export function encodeMetaMessage(message: MetaMessage): Uint8Array {
  return encode([KINDS.indexOf(message.kind), ...fieldsOf(message)])
}

function fieldsOf(message: MetaMessage): Value[] {
  switch (message.kind) {
    case 'hello':
      return [
        message.release,
        message.folders.map((f) => [idBytes(f.folder), signedToWire(f.head), noticeToWire(f.halt)]),
      ]
    case 'head':
      return [idBytes(message.folder), signedToWire(message.head)]
    case 'want':
      return [idBytes(message.folder), message.epoch, message.fromSegNo]
    case 'segments':
      return [idBytes(message.folder), signedToWire(message.head), message.segments.map(signedToWire)]
    case 'ack':
      return [idBytes(message.folder), message.position.epoch, message.position.seq]
    case 'recall':
    case 'drop':
      return [idBytes(message.folder)]
    case 'recalled':
      return [
        idBytes(message.folder),
        message.head === null ? null : signedToWire(message.head),
        entriesToWire(message.entries),
        message.isLast,
      ]
    case 'halt':
      return [idBytes(message.folder), noticeToWire(message.notice)]
    case 'decide':
      return [idBytes(message.folder), message.approve]
    case 'ping':
      return []
  }
}

function noticeToWire(notice: HaltNotice | null): Value {
  return notice === null ? null : [notice.reason, notice.deletes, notice.live]
}

function entriesToWire(entries: readonly Entry[]): Value {
  const devices = devicesOf(entries)
  return [devices.map(deviceKey), entries.map((entry) => entryToWire(entry, (device) => devices.indexOf(device)))]
}

/** @throws ProtocolError */
export function decodeMetaMessage(frame: Uint8Array): MetaMessage {
  const [kindNo, ...fields] = asArray(decode(frame), 'message')
  const kind = KINDS[asUint(kindNo, 'message kind')]
  if (kind === undefined)
    throw new ProtocolError('unknown-version', 'a peer sent a kind of message that this Holt does not know')
  const folder = (): FolderId => folderIdOf(asBytes(fields[0], 'folder id'))
  switch (kind) {
    case 'hello':
      expectFields(fields, 2)
      return {
        kind,
        release: asText(fields[0], 'release', NAME_BYTES_MAX),
        folders: asList(fields[1], 'folders', FOLDERS_MAX).map(folderHead),
      }
    case 'head':
      expectFields(fields, 2)
      return { kind, folder: folder(), head: signedFromWire(fields[1]) }
    case 'want':
      expectFields(fields, 3)
      return {
        kind,
        folder: folder(),
        epoch: asUint(fields[1], 'epoch'),
        fromSegNo: asUint(fields[2], 'segment number'),
      }
    case 'segments':
      expectFields(fields, 3)
      return {
        kind,
        folder: folder(),
        head: signedFromWire(fields[1]),
        segments: asList(fields[2], 'segments', SEGMENT_ENTRIES_MAX).map(signedFromWire),
      }
    case 'ack':
      expectFields(fields, 3)
      return {
        kind,
        folder: folder(),
        position: { epoch: asUint(fields[1], 'epoch'), seq: asUint(fields[2], 'sequence number') },
      }
    case 'recalled':
      expectFields(fields, 4)
      return {
        kind,
        folder: folder(),
        head: asNullable(fields[1], signedFromWire),
        entries: recalledEntries(fields[2]),
        isLast: asBool(fields[3], 'last'),
      }
    case 'halt':
      expectFields(fields, 2)
      return { kind, folder: folder(), notice: asNullable(fields[1], noticeFromWire) }
    case 'decide':
      expectFields(fields, 2)
      return { kind, folder: folder(), approve: asBool(fields[1], 'approve') }
    case 'recall':
    case 'drop':
      expectFields(fields, 1)
      return { kind, folder: folder() }
    case 'ping':
      expectFields(fields, 0)
      return { kind }
  }
}

function expectFields(fields: readonly Value[], count: number): void {
  if (fields.length !== count)
    throw new ProtocolError('bad-field', `a message has ${fields.length} fields, not ${count}`)
}

function folderHead(value: Value): FolderHead {
  const [folder, head, halt] = asArray(value, 'folder head', 3)
  return {
    folder: folderIdOf(asBytes(folder, 'folder id')),
    head: signedFromWire(head),
    halt: asNullable(halt, noticeFromWire),
  }
}

function noticeFromWire(value: Value): HaltNotice {
  const [reason, deletes, live] = asArray(value, 'halt', 3)
  return {
    reason: asText(reason, 'halt reason', NAME_BYTES_MAX),
    deletes: asUint(deletes, 'deletes'),
    live: asUint(live, 'live'),
  }
}

function recalledEntries(value: Value | undefined): readonly Entry[] {
  const [devices, entries] = asArray(value, 'recalled entries', 2)
  return entriesFromWire(devices, entries)
}
