/** Hashes files with synchronous calls and one buffer: whole and by chunk, each byte read once. For a thread. */

import { closeSync, fstatSync, openSync } from 'node:fs'
import { chunkCount } from '../../protocol/chunks.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { CHUNK_BYTES, HASH_BYTES } from '../../protocol/limits.ts'
import { blake3, blake3Hasher } from '../blake3.ts'
import { memoryForReading } from '../read-memory.ts'
import { FILE_FLAGS, LastDirectory } from './beneath.ts'
import { TreeError, hasErrno, isSystemError } from './disk-error.ts'
import { fingerprintOf } from './fingerprint.ts'
import { readFully } from './read-fully.ts'
import type { JobOptions } from '../threads-port.ts'
import type { HashJob, HashedFile } from './thread-jobs.ts'

/** Nobody needs its content from one turn to the next. */
const buffer = memoryForReading(CHUNK_BYTES)

/**
 * One result a file, in order: `changed` unless it has the fingerprint before and after it is read. Others have their turn after
 * each chunk of a large file.
 */
export async function hashFiles({ root, files }: HashJob, o: JobOptions): Promise<HashedFile[]> {
  using directory = new LastDirectory(root)
  const hashed: HashedFile[] = []
  for (const { onDisk, fingerprint } of files) hashed.push(await hashFile(directory, onDisk, fingerprint, o))
  return hashed
}

async function hashFile(
  directory: LastDirectory,
  onDisk: string,
  fingerprint: string,
  o: JobOptions,
): Promise<HashedFile> {
  try {
    const fd = openSync(directory.place(onDisk), FILE_FLAGS)
    try {
      return await hashOpen(fd, fingerprint, o)
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP') || cause instanceof TreeError) return { kind: 'changed' }
    if (isSystemError(cause)) return { kind: 'unreadable', reason: withoutPath(cause.message) }
    throw cause
  }
}

/** `EACCES: permission denied`: which file it is the caller knows by a better name. */
function withoutPath(message: string): string {
  return message.split(', ')[0] ?? message
}

async function hashOpen(fd: number, fingerprint: string, o: JobOptions): Promise<HashedFile> {
  const before = fstatSync(fd, { bigint: true })
  if (!before.isFile() || fingerprintOf(before) !== fingerprint) return { kind: 'changed' }
  const sizeBytes = Number(before.size)
  const hashed = sizeBytes <= CHUNK_BYTES ? hashSmall(fd, sizeBytes) : await hashLarge(fd, sizeBytes, o)
  if (hashed === undefined) return { kind: 'changed' }
  const isSame = fingerprintOf(fstatSync(fd, { bigint: true })) === fingerprint
  return isSame ? { kind: 'hashed', sizeBytes, ...hashed } : { kind: 'changed' }
}

interface Hashes {
  readonly hash: BlobHash
  readonly chunks: Uint8Array | null
}

function hashSmall(fd: number, sizeBytes: number): Hashes | undefined {
  const bytes = buffer.subarray(0, sizeBytes)
  return readFully(fd, bytes, 0) ? { hash: blobHashOf(blake3(bytes)), chunks: null } : undefined
}

async function hashLarge(fd: number, sizeBytes: number, o: JobOptions): Promise<Hashes | undefined> {
  const whole = blake3Hasher()
  const chunks = new Uint8Array(chunkCount(sizeBytes) * HASH_BYTES)
  for (let at = 0, chunkNo = 0; at < sizeBytes; at += CHUNK_BYTES, chunkNo += 1) {
    if (at > 0) await o.turn()
    const length = Math.min(CHUNK_BYTES, sizeBytes - at)
    const chunk = buffer.subarray(0, length)
    if (!readFully(fd, chunk, at)) return undefined
    whole.update(chunk)
    chunks.set(blake3(chunk), chunkNo * HASH_BYTES)
  }
  return { hash: blobHashOf(whole.digest()), chunks }
}
