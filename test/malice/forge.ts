/** Manifests as nobody's program makes them: sealed with a true key, and with anything in them. */

import type { Value } from '../../protocol/codec.ts'
import { encode } from '../../protocol/codec.ts'
import { chunkCount } from '../../protocol/chunks.ts'
import type { Crypto, Signed, Signer } from '../../protocol/crypto.ts'
import { sealBody } from '../../protocol/crypto.ts'
import type { DeviceId, FolderId } from '../../protocol/ids.ts'
import { deviceKey, idBytes } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { Manifest } from './mallory.ts'

const FLAG_DELETED = 1
const EXTRA_SYMLINK_TARGET = 1

/** An entry as it stands on the wire, whether it may stand there or not. */
export interface RawEntry {
  readonly path: Value
  readonly kind: number
  readonly flags: number
  readonly size: number
  readonly mtimeMs: number
  readonly hash: Uint8Array | null
  readonly chunks: Uint8Array | null
  /** Places in the segment's list of devices, and counters. */
  readonly vector: Value
  readonly modBy: number
  readonly t: number
  readonly extra: Value
}

const BARE: RawEntry = {
  ...{
    path: 'x',
    kind: 0,
    flags: 0,
    size: 0,
    mtimeMs: 1_000,
    hash: null,
    chunks: null,
    modBy: 0,
    t: 1_000,
    extra: null,
  },
  vector: [[0, 1]],
}

export interface Bytes {
  readonly bytes: Uint8Array
  readonly hash: Uint8Array
  /** The hashes of its chunks; null for one of at most one chunk. */
  readonly list: Uint8Array | null
}

export function bytesOf(bytes: Uint8Array, crypto: Crypto): Bytes {
  const count = chunkCount(bytes.length)
  const chunk = (i: number): Uint8Array => crypto.blake3(bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES))
  const list = count < 2 ? null : Buffer.concat(Array.from({ length: count }, (_, i) => chunk(i)))
  return { bytes, hash: crypto.blake3(bytes), list: list === null ? null : new Uint8Array(list) }
}

export function file(path: Value, content: Bytes, crypto: Crypto, changes: Partial<RawEntry> = {}): RawEntry {
  const chunks = content.list === null ? null : crypto.blake3(content.list)
  return { ...BARE, path, size: content.bytes.length, hash: content.hash, chunks, ...changes }
}

export function directory(path: Value, changes: Partial<RawEntry> = {}): RawEntry {
  return { ...BARE, path, kind: 1, ...changes }
}

export function symlink(path: Value, target: string, changes: Partial<RawEntry> = {}): RawEntry {
  return { ...BARE, path, kind: 2, extra: [[EXTRA_SYMLINK_TARGET, new TextEncoder().encode(target)]], ...changes }
}

export function tombstone(path: Value, changes: Partial<RawEntry> = {}): RawEntry {
  return { ...BARE, path, flags: FLAG_DELETED, ...changes }
}

function toWire(entry: RawEntry): Value {
  const { path, kind, flags, size, mtimeMs, hash, chunks, vector, modBy, t, extra } = entry
  return [path, kind, flags, size, mtimeMs, hash, chunks, vector, modBy, t, extra]
}

export interface SegmentChanges {
  /** The devices that vectors name; by default only the author. */
  readonly devices?: readonly DeviceId[]
  readonly author?: Uint8Array
  readonly signer?: Signer
  readonly prevHash?: Uint8Array | null
  readonly firstSeq?: number
  readonly segNo?: number
  readonly folder?: FolderId
  readonly version?: number
  /** Changes the bytes before they are signed. */
  readonly rewrite?: (body: Uint8Array) => Uint8Array
  /** Changes what was signed. */
  readonly spoil?: (signed: Signed) => Signed
}

/** One log in the making. */
export class ForgedLog {
  readonly #o: { readonly signer: Signer; readonly crypto: Crypto; readonly folder: FolderId }
  readonly epoch: number
  readonly segments: Signed[] = []
  #lastHash: Uint8Array | null = null
  #seq = 0

  constructor(o: { signer: Signer; crypto: Crypto; folder: FolderId }, epoch = nextEpoch()) {
    this.#o = o
    this.epoch = epoch
  }

  add(entries: readonly RawEntry[], changes: SegmentChanges = {}): this {
    const { signer, crypto, folder } = this.#o
    const devices = changes.devices ?? [signer.device]
    const body = encode([
      changes.version ?? 1,
      idBytes(changes.folder ?? folder),
      changes.author ?? deviceKey(signer.device),
      this.epoch,
      changes.segNo ?? this.segments.length,
      changes.firstSeq ?? this.#seq + 1,
      changes.prevHash === undefined ? this.#lastHash : changes.prevHash,
      [this.epoch, 0],
      devices.map(deviceKey),
      entries.map(toWire),
    ])
    const rewritten = changes.rewrite?.(body) ?? body
    const signed = sealBody('segment', rewritten, changes.signer ?? signer, crypto)
    this.segments.push(changes.spoil?.(signed) ?? signed)
    this.#lastHash = crypto.blake3(rewritten)
    this.#seq += entries.length
    return this
  }

  head(changes: { author?: Uint8Array; signer?: Signer; folder?: FolderId; seq?: number } = {}): Signed {
    const { signer, crypto, folder } = this.#o
    const body = encode([
      1,
      idBytes(changes.folder ?? folder),
      changes.author ?? deviceKey(signer.device),
      this.epoch,
      changes.seq ?? this.#seq,
      this.#lastHash,
      0,
      new Uint8Array(32),
      [this.epoch, 0],
      null,
    ])
    return sealBody('head', body, changes.signer ?? signer, crypto)
  }

  manifest(changes: Parameters<ForgedLog['head']>[0] = {}): Manifest {
    const position = { epoch: this.epoch, seq: changes.seq ?? this.#seq }
    return { folder: this.#o.folder, head: this.head(changes), segments: this.segments, position }
  }
}

let lastEpoch = 0
/** Later than any before it, so that it takes their place. */
export function nextEpoch(): number {
  lastEpoch = Math.max(Date.now(), lastEpoch + 1)
  return lastEpoch
}
