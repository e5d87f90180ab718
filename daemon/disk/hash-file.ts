/** Hashes files with synchronous calls and one buffer: whole and by chunk, each byte read once. For a worker. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { Blake3Hasher, blake3 } from '@napi-rs/blake-hash'
import { CHUNK_BYTES, HASH_BYTES } from '../../protocol/limits.ts'
import { chunkCount } from '../../protocol/chunks.ts'
import { FILE_FLAGS, openDirectoryBeneath } from './beneath.ts'
import { TreeError, hasErrno } from './disk-error.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { HashedFile, Place } from './worker-jobs.ts'

const buffer = Buffer.allocUnsafe(CHUNK_BYTES)

/** `changed` unless the file has the fingerprint before and after it is read. */
export function hashFile({ root, names }: Place, fingerprint: string): HashedFile {
  try {
    using directory = openDirectoryBeneath(root, names.slice(0, -1))
    const fd = openSync(directory.child(names.at(-1) ?? ''), FILE_FLAGS)
    try {
      return hashOpen(fd, fingerprint)
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP') || cause instanceof TreeError) return { kind: 'changed' }
    if (cause instanceof Error && 'code' in cause) return { kind: 'unreadable', reason: cause.message }
    throw cause
  }
}

function hashOpen(fd: number, fingerprint: string): HashedFile {
  const before = fstatSync(fd, { bigint: true })
  if (!before.isFile() || fingerprintOf(before) !== fingerprint) return { kind: 'changed' }
  const sizeBytes = Number(before.size)
  const hashed = sizeBytes <= CHUNK_BYTES ? hashSmall(fd, sizeBytes) : hashLarge(fd, sizeBytes)
  if (hashed === undefined) return { kind: 'changed' }
  const isSame = fingerprintOf(fstatSync(fd, { bigint: true })) === fingerprint
  return isSame ? { kind: 'hashed', sizeBytes, ...hashed } : { kind: 'changed' }
}

function hashSmall(fd: number, sizeBytes: number): { hash: Uint8Array; chunks: null } | undefined {
  if (!readFully(fd, sizeBytes, 0)) return undefined
  return { hash: new Uint8Array(blake3(buffer.subarray(0, sizeBytes))), chunks: null }
}

function hashLarge(fd: number, sizeBytes: number): { hash: Uint8Array; chunks: Uint8Array } | undefined {
  const whole = new Blake3Hasher()
  const chunks = new Uint8Array(chunkCount(sizeBytes) * HASH_BYTES)
  for (let at = 0, chunkNo = 0; at < sizeBytes; at += CHUNK_BYTES, chunkNo += 1) {
    const length = Math.min(CHUNK_BYTES, sizeBytes - at)
    if (!readFully(fd, length, at)) return undefined
    const chunk = buffer.subarray(0, length)
    whole.update(chunk)
    chunks.set(blake3(chunk), chunkNo * HASH_BYTES)
  }
  return { hash: new Uint8Array(whole.digestBuffer()), chunks }
}

/** False when the file ends before. */
function readFully(fd: number, length: number, position: number): boolean {
  for (let filled = 0; filled < length;) {
    const read = readSync(fd, buffer, filled, length - filled, position + filled)
    if (read === 0) return false
    filled += read
  }
  return true
}
