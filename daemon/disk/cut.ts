/** Cutting a file of a folder into fine chunks: in a thread, some megabytes at a time. */

import { fineListBytes } from '../../protocol/fine-cut.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { AbortOptions, ByteRange, Fingerprint } from '../ports.ts'
import type { Threads } from '../threads-port.ts'
import type { DiskContext } from './context.ts'
import { TreeError } from './disk-error.ts'
import type { CutJob } from './thread-jobs.ts'

/** What one job cuts: some 30 ms, so that others have their turn, and the list comes while it grows. */
const JOB_BYTES = 16 * 1024 * 1024

export async function* cutRegion(
  { root, names }: DiskContext,
  threads: Threads,
  path: RelPath,
  { range, averageBits, expect, signal }: AbortOptions & { range: ByteRange; averageBits: number; expect: Fingerprint },
): AsyncIterable<Uint8Array> {
  for (let start = range.start; start < range.end;) {
    const end = Math.min(range.end, start + JOB_BYTES)
    const isRegionEnd = end === range.end
    const about = { root, onDisk: names.onDisk(path), fingerprint: expect, averageBits }
    const job: CutJob = { kind: 'cut', ...about, start, end, isRegionEnd }
    const list = await threads.run(job, { signal, isLong: true })
    if (list === null) throw new TreeError('changed', `${path} is not what it was`)
    yield list
    start += fineListBytes(list)
  }
}
