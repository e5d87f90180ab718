/** Whole small files are read in threads, many at a time. */

import type { RelPath } from '../../protocol/path.ts'
import { Batches } from '../batches.ts'
import type { AbortOptions, Fingerprint } from '../ports.ts'
import type { Threads } from '../threads-port.ts'
import { sizeIn } from './change-look.ts'
import { TreeError } from './disk-error.ts'
import type { DiskNames } from './names.ts'
import type { ReadJob } from './thread-jobs.ts'

const BATCH_FILES_MAX = 256
const BATCH_BYTES_MAX = 2 * 1024 * 1024
/** What has been begun is done: it takes milliseconds. */
const NEVER = new AbortController().signal

export interface SmallFile {
  readonly path: RelPath
  readonly expect: Fingerprint
}

type Outcome = Uint8Array | 'changed' | { readonly unreadable: string }

/** Reads one small file. @throws TreeError `changed` unless it has the fingerprint before and after */
export type ReadSmall = (file: SmallFile, o: AbortOptions) => Promise<Uint8Array>

export function createReadSmall(root: string, names: DiskNames, threads: Threads): ReadSmall {
  const batches = new Batches<SmallFile, Outcome>({
    itemsMax: BATCH_FILES_MAX,
    weightMax: BATCH_BYTES_MAX,
    weigh: ({ expect }) => sizeIn(expect),
    parallel: 2,
    run: (batch) => read(root, names, threads, batch),
  })
  return async (file, o) => {
    const outcome = await batches.add(file, o)
    if (outcome instanceof Uint8Array) return outcome
    if (outcome === 'changed') throw new TreeError('changed', `${file.path} is not what it was`)
    throw new TreeError('io', `${file.path} cannot be read: ${outcome.unreadable}`)
  }
}

async function read(
  root: string,
  names: DiskNames,
  threads: Threads,
  batch: readonly SmallFile[],
): Promise<readonly Outcome[]> {
  const files = batch.map(({ path, expect }) => ({
    onDisk: names.onDisk(path),
    fingerprint: expect,
    sizeBytes: sizeIn(expect),
  }))
  const job: ReadJob = { kind: 'read', root, files }
  const { bytes, outcomes } = await threads.run(job, { signal: NEVER })
  let at = 0
  return outcomes.map((outcome, i) => {
    if (outcome !== 'read') return outcome
    at += files[i]?.sizeBytes ?? 0
    return bytes.subarray(at - (files[i]?.sizeBytes ?? 0), at)
  })
}
