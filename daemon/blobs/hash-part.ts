/**
 * Hashes a part that grows, some megabytes a job. What is hashed is kept in the thread from one job to the next; where that is
 * gone, since another thread has the job or too many others came between, it says so.
 */

import { closeSync, constants, openSync, readSync } from 'node:fs'
import type { Hasher } from '../../protocol/crypto.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { blobHashOf } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { blake3Hasher } from '../blake3.ts'
import { memoryForReading } from '../read-memory.ts'
import type { JobOptions, ThreadJob } from '../threads-port.ts'

export interface HashPartJob extends ThreadJob<HashedPart> {
  readonly kind: 'hash-part'
  /** Absolute. */
  readonly part: string
  /** Of this part alone, and never used again. */
  readonly name: string
  /** What was hashed before. */
  readonly from: number
  readonly to: number
  /** The hash is wanted; what was hashed before is hashed again where it is gone. */
  readonly isEnd: boolean
}
export type HashedPart =
  | { readonly kind: 'goes-on' }
  | { readonly kind: 'whole'; readonly hash: BlobHash }
  /** What was hashed before is gone, or the part is shorter. */
  | { readonly kind: 'lost' }

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW
/** Parts of which something is kept. */
const KEPT_MAX = 64
/** Nobody needs its content from one turn to the next. */
const buffer = memoryForReading(CHUNK_BYTES)
/** By name, the oldest first. A part that is given up is forgotten when enough others have come. */
const kept = new Map<string, { readonly hasher: Hasher; readonly at: number }>()

export async function hashPart(job: HashPartJob, o: JobOptions): Promise<HashedPart> {
  const known = kept.get(job.name)
  kept.delete(job.name)
  const hasher = known?.at === job.from ? known.hasher : undefined
  if (hasher === undefined && job.from > 0 && !job.isEnd) return { kind: 'lost' }
  const [begun, from] = hasher === undefined ? [blake3Hasher(), 0] : [hasher, job.from]
  if (!(await hashRange(begun, { ...job, from }, o))) return { kind: 'lost' }
  if (job.isEnd) return { kind: 'whole', hash: blobHashOf(begun.digest()) }
  kept.set(job.name, { hasher: begun, at: job.to })
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_MAX) break
    kept.delete(oldest)
  }
  return { kind: 'goes-on' }
}

/** False where the part ends before. Others have their turn after each piece. */
async function hashRange(hasher: Hasher, { part, from, to }: HashPartJob, o: JobOptions): Promise<boolean> {
  const fd = openSync(part, FLAGS)
  try {
    for (let at = from; at < to;) {
      if (at > from) await o.turn()
      const read = readSync(fd, buffer, 0, Math.min(buffer.length, to - at), at)
      if (read === 0) return false
      hasher.update(buffer.subarray(0, read))
      at += read
    }
    return true
  } finally {
    closeSync(fd)
  }
}
