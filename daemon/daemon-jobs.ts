/** What threads can do, for all rooms: knows them as `daemon.ts` does. */

import { assembleChunks } from './blobs/assemble.ts'
import type { AssembleJob } from './blobs/assemble.ts'
import { hashPart } from './blobs/hash-part.ts'
import type { HashPartJob } from './blobs/hash-part.ts'
import { writeBlobs } from './blobs/write-blobs.ts'
import type { WriteJob } from './blobs/write-blobs.ts'
import { changeInThread } from './disk/change.ts'
import { cutFile } from './disk/cut-file.ts'
import { hashFiles } from './disk/hash-file.ts'
import { listDirectories } from './disk/list-directory.ts'
import { readSmallFiles } from './disk/read-small-files.ts'
import type { ChangeJob, CutJob, HashJob, ListJob, ReadJob } from './disk/thread-jobs.ts'
import { openSource } from './disk/source.ts'
import type { JobOptions } from './threads-port.ts'

export type Job = ListJob | HashJob | ReadJob | CutJob | ChangeJob | WriteJob | AssembleJob | HashPartJob

/** Does a job in this very thread. */
export function doJob(job: Job, o: JobOptions): unknown {
  switch (job.kind) {
    case 'list':
      return listDirectories(job)
    case 'hash':
      return hashFiles(job, o)
    case 'read':
      return readSmallFiles(job)
    case 'cut':
      return cutFile(job, o)
    case 'change':
      return changeInThread(job, o)
    case 'write':
      return writeBlobs(job)
    case 'assemble':
      return assembleChunks(job, openSource(job.source), o)
    case 'hash-part':
      return hashPart(job, o)
  }
}
