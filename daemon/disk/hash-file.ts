/** Hashes files with synchronous calls and one buffer: whole and by chunk, each byte read once. For a worker. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { chunkCount } from '../../protocol/chunks.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { CHUNK_BYTES, HASH_BYTES } from '../../protocol/limits.ts'
import { blake3, blake3Hasher } from '../blake3.ts'
import { FILE_FLAGS, openDirectoryBeneath } from './beneath.ts'
import type { OpenDirectory } from './beneath.ts'
import { TreeError, hasErrno } from './disk-error.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { HashJob, HashedFile } from './worker-jobs.ts'

/** Between two chunks nobody needs its content. */
const buffer = Buffer.allocUnsafe(CHUNK_BYTES)

/**
 * One result a file, in order: `changed` unless it has the fingerprint before and after it is read.
 * @param betweenChunks of large files; what it throws ends the job.
 */
export function hashFiles({ root, files }: HashJob, betweenChunks: () => void): HashedFile[] {
  using directory = new LastDirectory(root)
  return files.map(({ onDisk, fingerprint }) => hashFile(directory, onDisk, fingerprint, betweenChunks))
}

function hashFile(
  directory: LastDirectory,
  onDisk: string,
  fingerprint: string,
  betweenChunks: () => void,
): HashedFile {
  try {
    const fd = openSync(directory.place(onDisk), FILE_FLAGS)
    try {
      return hashOpen(fd, fingerprint, betweenChunks)
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP') || cause instanceof TreeError) return { kind: 'changed' }
    if (cause instanceof Error && 'code' in cause) return { kind: 'unreadable', reason: withoutPath(cause.message) }
    throw cause
  }
}

/** `EACCES: permission denied`: which file it is the caller knows by a better name. */
function withoutPath(message: string): string {
  return message.split(', ')[0] ?? message
}

/** Stays open as long as files of the same directory are asked for. */
class LastDirectory implements Disposable {
  readonly #root: string
  #onDisk = ''
  #opened: OpenDirectory | undefined

  constructor(root: string) {
    this.#root = root
  }

  /** How a file is reached. @throws what `openDirectoryBeneath` throws. */
  place(onDisk: string): string {
    const slash = onDisk.lastIndexOf('/')
    const directory = slash < 0 ? '' : onDisk.slice(0, slash)
    if (this.#opened === undefined || this.#onDisk !== directory) {
      this[Symbol.dispose]()
      this.#opened = openDirectoryBeneath(this.#root, directory === '' ? [] : directory.split('/'))
      this.#onDisk = directory
    }
    return this.#opened.child(onDisk.slice(slash + 1))
  }

  [Symbol.dispose](): void {
    this.#opened?.[Symbol.dispose]()
    this.#opened = undefined
  }
}

function hashOpen(fd: number, fingerprint: string, betweenChunks: () => void): HashedFile {
  const before = fstatSync(fd, { bigint: true })
  if (!before.isFile() || fingerprintOf(before) !== fingerprint) return { kind: 'changed' }
  const sizeBytes = Number(before.size)
  const hashed = sizeBytes <= CHUNK_BYTES ? hashSmall(fd, sizeBytes) : hashLarge(fd, sizeBytes, betweenChunks)
  if (hashed === undefined) return { kind: 'changed' }
  const isSame = fingerprintOf(fstatSync(fd, { bigint: true })) === fingerprint
  return isSame ? { kind: 'hashed', sizeBytes, ...hashed } : { kind: 'changed' }
}

interface Hashes {
  readonly hash: BlobHash
  readonly chunks: Uint8Array | null
}

function hashSmall(fd: number, sizeBytes: number): Hashes | undefined {
  if (!readFully(fd, sizeBytes, 0)) return undefined
  return { hash: blobHashOf(blake3(buffer.subarray(0, sizeBytes))), chunks: null }
}

function hashLarge(fd: number, sizeBytes: number, betweenChunks: () => void): Hashes | undefined {
  const whole = blake3Hasher()
  const chunks = new Uint8Array(chunkCount(sizeBytes) * HASH_BYTES)
  for (let at = 0, chunkNo = 0; at < sizeBytes; at += CHUNK_BYTES, chunkNo += 1) {
    if (at > 0) betweenChunks()
    const length = Math.min(CHUNK_BYTES, sizeBytes - at)
    if (!readFully(fd, length, at)) return undefined
    const chunk = buffer.subarray(0, length)
    whole.update(chunk)
    chunks.set(blake3(chunk), chunkNo * HASH_BYTES)
  }
  return { hash: blobHashOf(whole.digest()), chunks }
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
