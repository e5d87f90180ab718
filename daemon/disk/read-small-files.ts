/** Reads many small files with synchronous calls into one piece of memory. For a thread. */

import { closeSync, fstatSync, openSync } from 'node:fs'
import { FILE_FLAGS, LastDirectory } from './beneath.ts'
import { TreeError, hasErrno, isSystemError } from './disk-error.ts'
import { fingerprintOf } from './fingerprint.ts'
import { readFully } from './read-fully.ts'
import type { ReadFiles, ReadJob } from './thread-jobs.ts'

type ToRead = ReadJob['files'][number]

/** A file is `changed` unless it has the fingerprint before and after it is read. */
export function readSmallFiles({ root, files }: ReadJob): ReadFiles {
  using directory = new LastDirectory(root)
  const bytes = new Uint8Array(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  let at = 0
  const outcomes = files.map((file) => {
    const outcome = readInto(directory, file, bytes.subarray(at, at + file.sizeBytes))
    if (outcome === 'read') at += file.sizeBytes
    return outcome
  })
  return { bytes: bytes.subarray(0, at), outcomes }
}

function readInto(directory: LastDirectory, file: ToRead, into: Uint8Array): ReadFiles['outcomes'][number] {
  try {
    const fd = openSync(directory.place(file.onDisk), FILE_FLAGS)
    try {
      const isSame = (): boolean => fingerprintOf(fstatSync(fd, { bigint: true })) === file.fingerprint
      return isSame() && readFully(fd, into, 0) && isSame() ? 'read' : 'changed'
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP') || cause instanceof TreeError) return 'changed'
    if (isSystemError(cause)) return { unreadable: cause.code }
    throw cause
  }
}
