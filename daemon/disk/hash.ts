/** Hashing many files in threads: small ones go in batches, so that a message pays for many of them. */

import type { ChunkList } from '../../protocol/chunks.ts'
import { blobHashOf, chunkListHashOf } from '../../protocol/ids.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { AbortOptions, HashRequest, HashResult } from '../ports.ts'
import type { DiskContext } from './context.ts'
import type { DiskWorkers } from './disk-workers.ts'
import { inFlight } from './in-flight.ts'
import type { HashedFile } from './worker-jobs.ts'

/** A job holds at most this many files and, by their fingerprints, about this many bytes. */
const BATCH_FILES_MAX = 64
const BATCH_BYTES_MAX = 16 * 1024 * 1024

export async function* hashFiles(
  context: DiskContext,
  workers: DiskWorkers,
  crypto: Crypto,
  files: Iterable<HashRequest>,
  { signal }: AbortOptions,
): AsyncIterable<HashResult> {
  const batches = inFlight(batched(files), workers.parallel, signal, async (batch) => {
    const job = batch.map(({ path, fingerprint }) => ({
      place: { root: context.root, names: context.names.components(path) },
      fingerprint,
    }))
    const hashed = await workers.run({ kind: 'hash', files: job })
    return batch.map((request, i) => toResult(request, hashed[i] ?? { kind: 'changed' }, crypto))
  })
  for await (const batch of batches) yield* batch
}

function* batched(files: Iterable<HashRequest>): Iterable<HashRequest[]> {
  let batch: HashRequest[] = []
  let bytes = 0
  for (const file of files) {
    batch.push(file)
    bytes += sizeIn(file)
    if (batch.length < BATCH_FILES_MAX && bytes < BATCH_BYTES_MAX) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

/** A fingerprint begins with the size. */
function sizeIn({ fingerprint }: HashRequest): number {
  return Number.parseInt(fingerprint, 10)
}

function toResult({ path, fingerprint }: HashRequest, hashed: HashedFile, crypto: Crypto): HashResult {
  if (hashed.kind === 'changed') return { kind: 'changed', path }
  if (hashed.kind === 'unreadable') return { kind: 'unreadable', path, reason: hashed.reason }
  const { sizeBytes } = hashed
  return {
    kind: 'hashed',
    path,
    fingerprint,
    hash: blobHashOf(hashed.hash),
    sizeBytes,
    chunks: listOf(hashed.chunks, crypto),
  }
}

function listOf(hashes: Uint8Array | null, crypto: Crypto): ChunkList | null {
  return hashes === null ? null : { digest: chunkListHashOf(crypto.blake3(hashes)), hashes }
}
