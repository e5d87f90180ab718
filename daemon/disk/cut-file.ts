/** Cuts a part of a file into fine chunks with synchronous calls and one buffer, each byte read once. For a thread. */

import { closeSync, fstatSync, openSync } from 'node:fs'
import { FINE_BYTES, fineBytesMax, fineBytesMin, nextCut, putFine } from '../../protocol/fine-cut.ts'
import { CHUNK_BYTES, FINE_BITS_MAX } from '../../protocol/limits.ts'
import { blake3 } from '../blake3.ts'
import { memoryForReading } from '../read-memory.ts'
import type { JobOptions } from '../threads-port.ts'
import { FILE_FLAGS, LastDirectory } from './beneath.ts'
import { TreeError, hasErrno } from './disk-error.ts'
import { fingerprintOf } from './fingerprint.ts'
import { readFully } from './read-fully.ts'
import type { CutJob } from './thread-jobs.ts'

/** What is read at a time, behind the beginning of a piece that was not ended. */
const buffer = memoryForReading(CHUNK_BYTES + fineBytesMax(FINE_BITS_MAX))

/** The list of the part's pieces; null unless the file has the fingerprint before and after. Others have their turn after each MiB. */
export async function cutFile({ root, onDisk, ...job }: CutJob, o: JobOptions): Promise<Uint8Array | null> {
  using directory = new LastDirectory(root)
  try {
    const fd = openSync(directory.place(onDisk), FILE_FLAGS)
    try {
      if (fingerprintOf(fstatSync(fd, { bigint: true })) !== job.fingerprint) return null
      const list = await cutOpen(fd, job, o)
      return fingerprintOf(fstatSync(fd, { bigint: true })) === job.fingerprint ? list : null
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT', 'ENOTDIR', 'ELOOP') || cause instanceof TreeError) return null
    throw cause
  }
}

/** Other jobs may use the buffer during a turn, so the piece that is not ended is read again after one. */
async function cutOpen(
  fd: number,
  { start, end, isRegionEnd, averageBits }: Omit<CutJob, 'kind' | 'root' | 'onDisk'>,
  o: JobOptions,
): Promise<Uint8Array | null> {
  const list = new Uint8Array((Math.floor((end - start) / fineBytesMin(averageBits)) + 1) * FINE_BYTES)
  let size = 0
  for (let position = start; position < end;) {
    if (position > start) await o.turn()
    const bytes = buffer.subarray(0, Math.min(buffer.length, end - position))
    if (!readFully(fd, bytes, position)) return null
    const isLast = position + bytes.length === end
    const begun = position
    for (let at = 0; at < bytes.length;) {
      const cut = nextCut(bytes, at, bytes.length, averageBits)
      if (!isLast && bytes.length - at < fineBytesMax(averageBits)) break
      if (isLast && !isRegionEnd && bytes.length - at < fineBytesMax(averageBits)) return list.slice(0, size)
      putFine(list, size, cut - at, blake3(bytes.subarray(at, cut)))
      size += FINE_BYTES
      position = begun + cut
      at = cut
    }
  }
  return list.slice(0, size)
}
