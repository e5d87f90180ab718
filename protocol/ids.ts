/** Branded identifiers. Each is made only by a parser of this file, so that holding one is a proof of its form. */

import { base58, hex } from '@scure/base'
import { ProtocolError } from './errors.ts'
import { HASH_BYTES, KEY_BYTES } from './limits.ts'

declare const brand: unique symbol
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** BLAKE3 of a blob's bytes, 64 lower-case hex digits. */
export type BlobHash = Brand<string, 'BlobHash'>
/** BLAKE3 of a chunk list, 64 lower-case hex digits. */
export type ChunkListHash = Brand<string, 'ChunkListHash'>
/** BLAKE3 of the body of a segment, 64 lower-case hex digits. */
export type SegmentHash = Brand<string, 'SegmentHash'>
/** BLAKE3 of the body of a group operation, 64 lower-case hex digits. */
export type OpHash = Brand<string, 'OpHash'>
/** A libp2p peer id of an Ed25519 key: `12D3KooW…`. All have one length, so text order is key order. */
export type DeviceId = Brand<string, 'DeviceId'>
/** 16 random bytes, 32 lower-case hex digits. */
export type FolderId = Brand<string, 'FolderId'>
/** BLAKE3 of the genesis operation, 64 lower-case hex digits. */
export type GroupId = Brand<string, 'GroupId'>

const FOLDER_ID_BYTES = 16
/** Identity multihash (0x00, 36 bytes) of a protobuf key (type 1 = Ed25519, 32 bytes). */
const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

function parseHex<T extends string>(value: unknown, bytes: number, what: string): T {
  if (typeof value !== 'string' || value.length !== bytes * 2 || !/^[0-9a-f]*$/.test(value)) {
    throw new ProtocolError('bad-field', `a ${what} is ${bytes * 2} lower-case hex digits`)
  }
  return value as T
}

function hexOf<T extends string>(bytes: Uint8Array, length: number, what: string): T {
  if (bytes.length !== length)
    throw new ProtocolError('bad-field', `a ${what} has ${length} bytes, not ${bytes.length}`)
  return hex.encode(bytes) as T
}

/** @throws ProtocolError `bad-field` */
export const parseBlobHash = (value: unknown): BlobHash => parseHex(value, HASH_BYTES, 'blob hash')
/** @throws ProtocolError `bad-field` */
export const parseFolderId = (value: unknown): FolderId => parseHex(value, FOLDER_ID_BYTES, 'folder id')
/** @throws ProtocolError `bad-field` */
export const parseGroupId = (value: unknown): GroupId => parseHex(value, HASH_BYTES, 'group id')
/** @throws ProtocolError `bad-field` */
export const parseOpHash = (value: unknown): OpHash => parseHex(value, HASH_BYTES, 'operation hash')
/** @throws ProtocolError `bad-field` */
export const parseSegmentHash = (value: unknown): SegmentHash => parseHex(value, HASH_BYTES, 'segment hash')
/** @throws ProtocolError `bad-field` */
export const parseChunkListHash = (value: unknown): ChunkListHash => parseHex(value, HASH_BYTES, 'chunk list hash')

export const blobHashOf = (bytes: Uint8Array): BlobHash => hexOf(bytes, HASH_BYTES, 'blob hash')
export const chunkListHashOf = (bytes: Uint8Array): ChunkListHash => hexOf(bytes, HASH_BYTES, 'chunk list hash')
export const segmentHashOf = (bytes: Uint8Array): SegmentHash => hexOf(bytes, HASH_BYTES, 'segment hash')
export const opHashOf = (bytes: Uint8Array): OpHash => hexOf(bytes, HASH_BYTES, 'operation hash')
export const groupIdOf = (bytes: Uint8Array): GroupId => hexOf(bytes, HASH_BYTES, 'group id')
export const folderIdOf = (bytes: Uint8Array): FolderId => hexOf(bytes, FOLDER_ID_BYTES, 'folder id')

/** The bytes behind any identifier that is written in hex. */
export function idBytes(id: BlobHash | ChunkListHash | SegmentHash | OpHash | GroupId | FolderId): Uint8Array {
  return hex.decode(id)
}

/** The device of an Ed25519 public key of 32 bytes. @throws ProtocolError `bad-field` */
export function deviceIdOf(publicKey: Uint8Array): DeviceId {
  if (publicKey.length !== KEY_BYTES) throw new ProtocolError('bad-field', `a device key has ${KEY_BYTES} bytes`)
  const bytes = new Uint8Array(PEER_ID_PREFIX.length + KEY_BYTES)
  bytes.set(PEER_ID_PREFIX)
  bytes.set(publicKey, PEER_ID_PREFIX.length)
  return base58.encode(bytes) as DeviceId
}

/** The Ed25519 public key (32 bytes) that a device id contains. */
export function deviceKey(device: DeviceId): Uint8Array {
  return base58.decode(device).subarray(PEER_ID_PREFIX.length)
}

/** @throws ProtocolError `bad-field`: not a peer id of an Ed25519 key. */
export function parseDeviceId(value: unknown): DeviceId {
  try {
    if (typeof value !== 'string') throw new TypeError('not text')
    const bytes = base58.decode(value)
    const isEd25519 =
      bytes.length === PEER_ID_PREFIX.length + KEY_BYTES && PEER_ID_PREFIX.every((byte, i) => bytes[i] === byte)
    if (!isEd25519) throw new TypeError('another kind of peer id')
    return value as DeviceId
  } catch (cause) {
    throw new ProtocolError('bad-field', 'a device id is the libp2p peer id of an Ed25519 key', { cause })
  }
}
