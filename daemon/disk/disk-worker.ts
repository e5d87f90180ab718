/** The thread that lists and hashes: one job after another. */

import { parentPort } from 'node:worker_threads'
import { hashFile } from './hash-file.ts'
import { listDirectory } from './list-directory.ts'
import type { Job } from './worker-jobs.ts'

function answer(job: Job): unknown {
  switch (job.kind) {
    case 'list':
      return listDirectory(job.place)
    case 'hash':
      return job.files.map(({ place, fingerprint }) => hashFile(place, fingerprint))
  }
}

parentPort?.on('message', ({ id, job }: { id: number; job: Job }) => {
  try {
    parentPort?.postMessage({ id, answer: answer(job) })
  } catch (cause) {
    parentPort?.postMessage({ id, error: cause instanceof Error ? cause.message : String(cause) })
  }
})
