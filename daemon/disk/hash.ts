/** Hashing many files in threads: small ones go in batches, so that a message pays for many of them. */

import { toChunkList } from '../../protocol/chunks.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { AbortOptions, HashRequest, HashResult } from '../ports.ts'
import { sizeIn } from './change-look.ts'
import type { DiskContext } from './context.ts'
import type { Threads } from '../threads-port.ts'
import { inBatches, inFlight } from './in-flight.ts'
import type { HashJob, HashedFile } from './thread-jobs.ts'

/** A job holds at most this many files and, by their fingerprints, about this many bytes. */
const BATCH_FILES = 64
/** A file of as many bytes is a job of its own, and such jobs let others by. */
const BATCH_BYTES = 16 * 1024 * 1024

export async function* hashFiles(
  { root, names }: DiskContext,
  threads: Threads,
  crypto: Crypto,
  files: Iterable<HashRequest>,
  { signal }: AbortOptions,
): AsyncIterable<HashResult> {
  const sizeOf = ({ fingerprint }: HashRequest): number => sizeIn(fingerprint)
  const hash = async (batch: readonly HashRequest[]): Promise<HashResult[]> => {
    const toHash = batch.map(({ path, fingerprint }) => ({ onDisk: names.onDisk(path), fingerprint }))
    const isLong = batch.some((request) => sizeOf(request) >= BATCH_BYTES)
    const job: HashJob = { kind: 'hash', root, files: toHash }
    const hashed = await threads.run(job, { signal, isLong })
    return batch.map((request, i) => toResult(request, hashed[i] ?? { kind: 'changed' }, crypto))
  }
  const batches = inBatches(files, { count: BATCH_FILES, weight: BATCH_BYTES, weigh: sizeOf })
  for await (const results of inFlight(batches, threads.parallel, signal, hash)) yield* results
}

function toResult({ path, fingerprint }: HashRequest, hashed: HashedFile, crypto: Crypto): HashResult {
  if (hashed.kind === 'changed') return { kind: 'changed', path }
  if (hashed.kind === 'unreadable') return { kind: 'unreadable', path, reason: hashed.reason }
  const { hash, sizeBytes } = hashed
  const chunks = hashed.chunks === null ? null : toChunkList(hashed.chunks, crypto)
  return { kind: 'hashed', path, fingerprint, hash, sizeBytes, chunks }
}
