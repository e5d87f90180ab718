/** Entries: what a device says of one path of one folder. */

import type { Value } from './codec.ts'
import { asArray, asBytes, asList, asNullable, asUint, encode } from './codec.ts'
import type { Crypto } from './crypto.ts'
import type { BlobHash, ChunkListHash, DeviceId } from './ids.ts'
import { blobHashOf, chunkListHashOf, idBytes } from './ids.ts'
import { ProtocolError } from './errors.ts'
import {
  CHUNK_BYTES,
  EXTRA_KEYS_MAX,
  EXTRA_VALUE_BYTES_MAX,
  FILE_BYTES_MAX,
  HASH_BYTES,
  PATH_BYTES_MAX,
  SYMLINK_BYTES_MAX,
  VECTOR_DEVICES_MAX,
} from './limits.ts'
import type { RelPath } from './path.ts'
import { parseRelPath } from './path.ts'
import type { Vector } from './vector.ts'

export type Content =
  | {
      readonly kind: 'file'
      readonly hash: BlobHash
      readonly sizeBytes: number
      readonly chunks: ChunkListHash | null
      readonly executable: boolean
    }
  | { readonly kind: 'directory' }
  | { readonly kind: 'symlink'; readonly target: string }
  /** A tombstone: the path was there and is no more. */
  | { readonly kind: 'deleted' }

export type FileContent = Extract<Content, { kind: 'file' }>

export interface Entry {
  readonly path: RelPath
  readonly content: Content
  /** Milliseconds since 1970, never before; whole. Not part of the content. */
  readonly mtimeMs: number
  readonly version: Vector
  /** The device whose edit made this content. */
  readonly modBy: DeviceId
  /** When the content was changed, in milliseconds since 1970, made to grow along every line of edits. */
  readonly t: number
  /** Whether this file is the copy that a conflict left. */
  readonly isConflictCopy: boolean
  /** False where the device that says this does not hold the path (ignored or not selected there): it states nothing. */
  readonly isHeld: boolean
  /** What newer programs may say; kept and published again. Sorted by key. */
  readonly extra: readonly Extra[]
}

export type Extra = readonly [key: number, bytes: Uint8Array]

const KINDS = ['file', 'directory', 'symlink'] as const
const FLAG_DELETED = 1
const FLAG_EXECUTABLE = 2
const FLAG_CONFLICT_COPY = 4
const FLAG_NOT_HELD = 8
const FLAGS_ALL = FLAG_DELETED | FLAG_EXECUTABLE | FLAG_CONFLICT_COPY | FLAG_NOT_HELD
/** The key of `extra` that carries a symbolic link's target. */
const EXTRA_SYMLINK_TARGET = 1
const ENTRY_FIELDS = 11

const utf8 = new TextEncoder()
/** A byte order mark is part of a target, as of a name. */
const fromUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Whether two contents are the same to a person: times are not compared. */
export function sameContent(a: Content, b: Content): boolean {
  switch (a.kind) {
    case 'file':
      return b.kind === 'file' && a.hash === b.hash && a.executable === b.executable
    case 'symlink':
      return b.kind === 'symlink' && a.target === b.target
    default:
      return a.kind === b.kind
  }
}

/** A total order over contents that every device computes alike. Its text is a key: equal content, equal text. */
export function contentKey(content: Content): string {
  switch (content.kind) {
    case 'file':
      return `f${content.executable ? 'x' : '-'}${content.hash}`
    case 'symlink':
      return `l${content.target}`
    case 'directory':
      return 'd'
    case 'deleted':
      return ''
  }
}

/** BLAKE3 of path, vector and content: the term that an entry adds to its folder's state digest. 32 bytes. */
export function entryDigest(entry: Entry, crypto: Crypto): Uint8Array {
  const version = entry.version.map(([device, counter]) => [device, counter])
  return crypto.blake3(encode([entry.path, version, contentKey(entry.content)]))
}

/** The wire form; `deviceIndex` gives the place of a device in the segment's device list. */
export function entryToWire(entry: Entry, deviceIndex: (device: DeviceId) => number): Value {
  const { content } = entry
  const version = entry.version.map(([device, counter]) => [deviceIndex(device), counter] as const)
  version.sort(([a], [b]) => a - b)
  return [
    entry.path,
    content.kind === 'deleted' ? 0 : KINDS.indexOf(content.kind),
    flagsOf(entry),
    content.kind === 'file' ? content.sizeBytes : 0,
    entry.mtimeMs,
    content.kind === 'file' ? idBytes(content.hash) : null,
    content.kind === 'file' && content.chunks !== null ? idBytes(content.chunks) : null,
    version,
    deviceIndex(entry.modBy),
    entry.t,
    extraToWire(entry),
  ]
}

function flagsOf(entry: Entry): number {
  return (
    (entry.content.kind === 'deleted' ? FLAG_DELETED : 0) |
    (entry.content.kind === 'file' && entry.content.executable ? FLAG_EXECUTABLE : 0) |
    (entry.isConflictCopy ? FLAG_CONFLICT_COPY : 0) |
    (entry.isHeld ? 0 : FLAG_NOT_HELD)
  )
}

function extraToWire(entry: Entry): Value {
  const extra = entry.extra.map(([key, bytes]) => [key, bytes] as const)
  if (entry.content.kind === 'symlink') extra.push([EXTRA_SYMLINK_TARGET, utf8.encode(entry.content.target)])
  extra.sort(([a], [b]) => a - b)
  return extra.length === 0 ? null : extra
}

/** @throws ProtocolError when any field is out of its range, or the fields do not fit together. */
export function entryFromWire(value: Value, devices: readonly DeviceId[]): Entry {
  const fields = asArray(value, 'entry', ENTRY_FIELDS)
  const kind = KINDS[asUint(fields[1], 'entry kind')]
  const flags = asUint(fields[2], 'entry flags')
  // What of this could be kept or passed on without knowing what it means?
  if (kind === undefined || flags > FLAGS_ALL)
    throw new ProtocolError('unknown-version', 'an entry says what only a newer Holt knows: update Holt here')
  const extra = extraFromWire(fields[10])
  return {
    path: parseRelPath(fields[0]),
    content: contentFromWire(fields, kind, flags, extra),
    mtimeMs: asUint(fields[4], 'entry mtime'),
    version: versionFromWire(fields[7], devices),
    modBy: deviceAt(fields[8], devices),
    t: asUint(fields[9], 'entry t'),
    isConflictCopy: (flags & FLAG_CONFLICT_COPY) !== 0,
    isHeld: (flags & FLAG_NOT_HELD) === 0,
    extra: extra.filter(([key]) => key !== EXTRA_SYMLINK_TARGET),
  }
}

function contentFromWire(
  fields: readonly Value[],
  kind: (typeof KINDS)[number],
  flags: number,
  extra: readonly Extra[],
): Content {
  const sizeBytes = asUint(fields[3], 'entry size', FILE_BYTES_MAX)
  const hash = asNullable(fields[5], (bytes) => blobHashOf(asBytes(bytes, 'entry hash', HASH_BYTES)))
  const chunks = asNullable(fields[6], (bytes) => chunkListHashOf(asBytes(bytes, 'entry chunks', HASH_BYTES)))
  const target = extra.find(([key]) => key === EXTRA_SYMLINK_TARGET)?.[1]
  const isFile = kind === 'file' && (flags & FLAG_DELETED) === 0
  if (isFile !== (hash !== null) || sizeBytes > CHUNK_BYTES !== (chunks !== null) || (!isFile && sizeBytes !== 0)) {
    throw new ProtocolError('bad-field', 'an entry has a hash, a size and chunks that do not fit its kind')
  }
  if ((flags & FLAG_EXECUTABLE) !== 0 && !isFile) throw new ProtocolError('bad-field', 'only a file is executable')
  if ((target !== undefined) !== (kind === 'symlink'))
    throw new ProtocolError('bad-field', 'a symbolic link has a target, and nothing else has')
  if ((flags & FLAG_DELETED) !== 0) {
    if (kind !== 'file') throw new ProtocolError('bad-field', 'a tombstone has kind 0')
    return { kind: 'deleted' }
  }
  if (hash !== null) return { kind: 'file', hash, sizeBytes, chunks, executable: (flags & FLAG_EXECUTABLE) !== 0 }
  return target === undefined ? { kind: 'directory' } : { kind: 'symlink', target: targetFrom(target) }
}

function targetFrom(bytes: Uint8Array): string {
  if (bytes.length === 0 || bytes.length > SYMLINK_BYTES_MAX || bytes.includes(0)) {
    throw new ProtocolError('bad-field', 'a symbolic link has an impossible target')
  }
  try {
    return fromUtf8.decode(bytes)
  } catch (cause) {
    throw new ProtocolError('bad-field', 'the target of a symbolic link is not UTF-8', { cause })
  }
}

function versionFromWire(value: Value | undefined, devices: readonly DeviceId[]): Vector {
  const pairs = asList(value, 'entry vector', VECTOR_DEVICES_MAX).map((pair) => {
    const [index, counter] = asArray(pair, 'vector pair', 2)
    return [asUint(index, 'device index', devices.length - 1), asUint(counter, 'counter')] as const
  })
  if (pairs.length === 0) throw new ProtocolError('bad-field', 'an entry has an empty vector')
  if (pairs.some(([index, counter], i) => counter === 0 || (i > 0 && index <= (pairs[i - 1]?.[0] ?? 0)))) {
    throw new ProtocolError('bad-field', 'a vector is not sorted, or counts from zero')
  }
  const vector = pairs.map(([index, counter]) => [deviceOf(index, devices), counter] as const)
  return vector.sort(([a], [b]) => (a < b ? -1 : 1))
}

function deviceAt(value: Value | undefined, devices: readonly DeviceId[]): DeviceId {
  return deviceOf(asUint(value, 'device index'), devices)
}

function deviceOf(index: number, devices: readonly DeviceId[]): DeviceId {
  const device = devices[index]
  if (device === undefined) throw new ProtocolError('bad-field', 'a device index is outside the segment')
  return device
}

function extraFromWire(value: Value | undefined): readonly Extra[] {
  const items = asNullable(value, (list) => asList(list, 'entry extra', EXTRA_KEYS_MAX))
  if (items === null) return []
  if (items.length === 0) throw new ProtocolError('bad-field', 'an empty extra is null')
  const extra = items.map((item): Extra => {
    const [key, bytes] = asArray(item, 'extra item', 2)
    const valueBytes = asBytes(bytes, 'extra value')
    if (valueBytes.length > EXTRA_VALUE_BYTES_MAX) throw new ProtocolError('too-large', 'an extra value is too large')
    return [asUint(key, 'extra key'), valueBytes]
  })
  if (extra.some(([key], i) => i > 0 && key <= (extra[i - 1]?.[0] ?? 0))) {
    throw new ProtocolError('bad-field', 'extra is not sorted by key')
  }
  return extra
}

/** The longest wire form of one entry in bytes, so that a sealer knows when a segment is full. */
export function entryBytesMax(entry: Entry): number {
  const extra = entry.extra.reduce((sum, [, bytes]) => sum + bytes.length + 16, 0)
  const target = entry.content.kind === 'symlink' ? utf8.encode(entry.content.target).length : 0
  return Math.min(utf8.encode(entry.path).length, PATH_BYTES_MAX) + target + extra + entry.version.length * 16 + 160
}
