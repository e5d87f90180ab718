/** Reading kept versions again, in the threads that hash. */

import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { BlobHash } from '../../protocol/ids.ts'
import { HOLT_DIRECTORY } from '../../protocol/path.ts'
import type { AbortOptions, VersionName } from '../ports.ts'
import type { DiskContext } from './context.ts'
import { versionsDirectory } from './context.ts'
import type { Threads } from '../threads-port.ts'
import { fingerprintOf } from './fingerprint.ts'
import { inBatches, inFlight } from './in-flight.ts'
import { versionFile } from './versions-log.ts'
import type { HashJob, HashedFile, ToHash } from './thread-jobs.ts'

/** A job holds at most this many files and about this many bytes; one of so many bytes lets others by. */
const BATCH_FILES = 64
const BATCH_BYTES = 16 * 1024 * 1024

interface ReadVersion {
  readonly name: VersionName
  readonly hash: BlobHash | null
  readonly sizeBytes: number
}

interface Kept {
  readonly name: VersionName
  readonly file: ToHash
  readonly sizeBytes: number
}

/** Versions that are not there, or change meanwhile, are left out: somebody drops or restores them. */
export async function* hashVersions(
  { root }: DiskContext,
  threads: Threads,
  names: Iterable<VersionName>,
  { signal }: AbortOptions,
): AsyncIterable<ReadVersion> {
  const hash = async (batch: readonly Kept[]): Promise<ReadVersion[]> => {
    const isLong = batch.some(({ sizeBytes }) => sizeBytes >= BATCH_BYTES)
    const files = batch.map(({ file }) => file)
    const job: HashJob = { kind: 'hash', root, files }
    const hashed = await threads.run(job, { signal, isLong })
    return batch.flatMap(({ name, sizeBytes }, i) => toRead(name, sizeBytes, hashed[i]))
  }
  const batches = inBatches(keptFiles(root, names), {
    count: BATCH_FILES,
    weight: BATCH_BYTES,
    weigh: ({ sizeBytes }) => sizeBytes,
  })
  for await (const results of inFlight(batches, threads.parallel, signal, hash)) yield* results
}

function* keptFiles(root: string, names: Iterable<VersionName>): Iterable<Kept> {
  for (const name of names) {
    const file = versionFile(name)
    const stats = lstatSync(join(versionsDirectory(root), file), { bigint: true, throwIfNoEntry: false })
    if (stats?.isFile() !== true) continue
    const toHash = { onDisk: `${HOLT_DIRECTORY}/versions/${file}`, fingerprint: fingerprintOf(stats) }
    yield { name, file: toHash, sizeBytes: Number(stats.size) }
  }
}

function toRead(name: VersionName, sizeBytes: number, hashed: HashedFile | undefined): ReadVersion[] {
  if (hashed === undefined || hashed.kind === 'changed') return []
  return [{ name, hash: hashed.kind === 'hashed' ? hashed.hash : null, sizeBytes }]
}
