/** A few threads that list and hash for all folders. The main thread never waits for a disk. */

import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { TreeError } from './disk-error.ts'
import type { Answers, Job } from './worker-jobs.ts'

/** Jobs that wait at one thread beside the one that it does: enough that it never idles. */
const JOBS_PER_WORKER = 3

export interface DiskWorkers extends AsyncDisposable {
  /** How many jobs are taken at once; more wait. */
  readonly parallel: number
  run<K extends Job['kind']>(job: Extract<Job, { kind: K }>): Promise<Answers[K]>
}

interface Waiting {
  readonly job: Job
  readonly resolve: (answer: never) => void
  readonly reject: (cause: Error) => void
}

interface Thread {
  readonly worker: Worker
  readonly open: Map<number, Waiting>
}

/** @param count threads; each takes about 10 MB. */
export function createDiskWorkers(count: number): DiskWorkers {
  const queue: Waiting[] = []
  let nextId = 0
  let isClosed = false
  const threads: Thread[] = []
  const pump = (): void => {
    for (const thread of threads) {
      while (thread.open.size < JOBS_PER_WORKER) {
        const next = queue.shift()
        if (next === undefined) return
        nextId += 1
        thread.open.set(nextId, next)
        thread.worker.ref()
        thread.worker.postMessage({ id: nextId, job: next.job })
      }
    }
  }
  const settle = (thread: Thread, message: { id: number; answer?: never; error?: string }): void => {
    const waiting = thread.open.get(message.id)
    thread.open.delete(message.id)
    if (thread.open.size === 0) thread.worker.unref()
    if (message.error === undefined) waiting?.resolve(message.answer as never)
    else waiting?.reject(new TreeError('io', message.error))
    pump()
  }
  const start = (): void => {
    const thread: Thread = { worker: newWorker(), open: new Map() }
    threads.push(thread)
    thread.worker.unref()
    thread.worker.on('message', (message: { id: number; answer?: never; error?: string }) => settle(thread, message))
    thread.worker.on('error', (cause) => fail(thread, cause))
    thread.worker.on('exit', () => fail(thread, new Error('a disk thread has ended')))
  }
  const fail = (thread: Thread, cause: unknown): void => {
    const at = threads.indexOf(thread)
    if (at < 0) return
    threads.splice(at, 1)
    for (const waiting of thread.open.values())
      waiting.reject(new TreeError('io', 'a disk thread has failed', { cause }))
    if (isClosed) return
    start()
    pump()
  }
  for (let i = 0; i < count; i += 1) start()
  return {
    parallel: count * JOBS_PER_WORKER,
    run: (job) =>
      new Promise((resolve, reject) => {
        if (isClosed) {
          reject(new TreeError('io', 'the disk threads are closed'))
          return
        }
        queue.push({ job, resolve, reject })
        pump()
      }),
    async [Symbol.asyncDispose]() {
      isClosed = true
      for (const waiting of queue.splice(0)) waiting.reject(new TreeError('io', 'the disk threads are closed'))
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}

function newWorker(): Worker {
  return new Worker(new URL(`./disk-worker${extname(import.meta.url)}`, import.meta.url))
}
