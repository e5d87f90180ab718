/** A few threads that list and hash for all folders. The main thread never waits for a disk. */

import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { AbortOptions } from '../ports.ts'
import { TreeError } from './disk-error.ts'
import type { Answers, Job } from './worker-jobs.ts'

/** Jobs that a thread has at once, the one that it does included: enough that it never idles. */
const JOBS_PER_WORKER = 3
/** Threads that end without having answered anything, one after another, before the pool gives up. */
const FAILURES_MAX = 3
/** How long a thread may take to end by itself: its job is cancelled, and looks for that after each chunk. */
const END_MS = 5000

export interface DiskWorkers extends AsyncDisposable {
  /** How many jobs are taken at once; more wait. */
  readonly parallel: number
  /**
   * @param o.isLong it may take seconds: quick jobs of others are done in between.
   * @throws the signal's reason, at once; TreeError `io` when the thread fails or the pool is closed.
   */
  run<K extends Job['kind']>(
    job: Extract<Job, { kind: K }>,
    o: AbortOptions & { readonly isLong?: boolean },
  ): Promise<Answers[K]>
}

interface Waiting {
  readonly job: Job
  readonly isLong: boolean
  readonly resolve: (answer: never) => void
  readonly reject: (cause: Error) => void
}

interface Thread {
  readonly worker: Worker
  readonly open: Map<number, Waiting>
}

type Answered = { readonly id: number; readonly answer: never } | { readonly id: number; readonly error: string }

/** @param count threads; each takes about 10 MB. */
export function createDiskWorkers(count: number): DiskWorkers {
  return new ThreadPool(count)
}

class ThreadPool implements DiskWorkers {
  readonly parallel: number
  readonly #quick: Waiting[] = []
  readonly #long: Waiting[] = []
  readonly #threads: Thread[] = []
  #nextId = 0
  #failures = 0
  #isClosed = false
  readonly #count: number
  /** The process has nothing else to do, for now at least: threads begin again with the next job. */
  readonly #rest = (): void => void this.#endThreads()

  constructor(count: number) {
    this.parallel = count * JOBS_PER_WORKER
    this.#count = count
    this.#startThreads()
    process.on('beforeExit', this.#rest)
  }

  async run<K extends Job['kind']>(
    job: Extract<Job, { kind: K }>,
    { signal, isLong = false }: AbortOptions & { readonly isLong?: boolean },
  ): Promise<Answers[K]> {
    signal.throwIfAborted()
    if (this.#isClosed) throw closed()
    const { promise, resolve, reject } = Promise.withResolvers<Answers[K]>()
    const waiting: Waiting = { job, isLong, resolve, reject }
    const cancel = (): void => this.#cancel(waiting, signal)
    signal.addEventListener('abort', cancel)
    ;(isLong ? this.#long : this.#quick).push(waiting)
    this.#startThreads()
    this.#pump()
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('beforeExit', this.#rest)
    this.#close()
    await this.#endThreads()
  }

  #close(): void {
    this.#isClosed = true
    for (const waiting of [...this.#quick.splice(0), ...this.#long.splice(0)]) waiting.reject(closed())
  }

  #startThreads(): void {
    while (this.#threads.length < this.#count) this.#start()
  }

  async #endThreads(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map(end))
  }

  #start(): void {
    const thread: Thread = { worker: newWorker(), open: new Map() }
    this.#threads.push(thread)
    thread.worker.unref()
    // Node holds on to a thread anew when it has come up.
    thread.worker.on('online', () => this.#letGo(thread))
    thread.worker.on('message', (answered: Answered) => this.#settle(thread, answered))
    thread.worker.on('error', (cause) => this.#fail(thread, cause))
    thread.worker.on('exit', () => this.#fail(thread, new Error('a disk thread has ended')))
  }

  /** Each job goes to the thread that has the fewest; long ones only where none is. */
  #pump(): void {
    for (const [queue, canTake] of [
      [this.#quick, hasRoom],
      [this.#long, (thread: Thread) => hasRoom(thread) && !hasLong(thread)],
    ] as const) {
      for (let thread = this.#idlest(canTake); thread !== undefined; thread = this.#idlest(canTake)) {
        const next = queue.shift()
        if (next === undefined) break
        this.#give(thread, next)
      }
    }
  }

  #idlest(canTake: (thread: Thread) => boolean): Thread | undefined {
    return this.#threads.filter(canTake).sort((a, b) => a.open.size - b.open.size)[0]
  }

  #give(thread: Thread, waiting: Waiting): void {
    this.#nextId += 1
    thread.open.set(this.#nextId, waiting)
    thread.worker.ref()
    thread.worker.postMessage({ id: this.#nextId, job: waiting.job })
  }

  #settle(thread: Thread, answered: Answered): void {
    this.#failures = 0
    const waiting = thread.open.get(answered.id)
    thread.open.delete(answered.id)
    this.#letGo(thread)
    if ('answer' in answered) waiting?.resolve(answered.answer)
    else waiting?.reject(new TreeError('io', answered.error))
    this.#pump()
  }

  /** A thread that has nothing to do does not keep the process; one that is being ended does, until it has. */
  #letGo(thread: Thread): void {
    if (thread.open.size === 0 && this.#threads.includes(thread)) thread.worker.unref()
  }

  /** Another thread takes its place, unless none ever lives. */
  #fail(thread: Thread, cause: unknown): void {
    const at = this.#threads.indexOf(thread)
    if (at < 0) return
    this.#threads.splice(at, 1)
    for (const waiting of thread.open.values())
      waiting.reject(new TreeError('io', 'a disk thread has failed', { cause }))
    this.#failures += 1
    if (this.#failures > FAILURES_MAX) this.#close()
    if (this.#isClosed) return
    this.#start()
    this.#pump()
  }

  /** A thread that is at it is told to stop, and keeps the job until it says so. */
  #cancel(waiting: Waiting, signal: AbortSignal): void {
    waiting.reject(reasonOf(signal))
    for (const queue of [this.#quick, this.#long]) {
      const at = queue.indexOf(waiting)
      if (at >= 0) queue.splice(at, 1)
    }
    for (const { worker, open } of this.#threads) {
      for (const [id, each] of open) if (each === waiting) worker.postMessage({ cancel: id })
    }
  }
}

/** Lets a thread end by itself: Node may crash when it is ended from outside while it still loads. */
async function end({ worker, open }: Thread): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  worker.once('exit', () => resolve(undefined))
  worker.ref()
  for (const id of open.keys()) worker.postMessage({ cancel: id })
  worker.postMessage({ isEnd: true })
  const timer = setTimeout(() => void worker.terminate(), END_MS)
  await promise
  clearTimeout(timer)
  for (const waiting of open.values()) waiting.reject(closed())
}

function hasRoom({ open }: Thread): boolean {
  return open.size < JOBS_PER_WORKER
}

function hasLong({ open }: Thread): boolean {
  return [...open.values()].some(({ isLong }) => isLong)
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : new Error(String(reason))
}

function closed(): TreeError {
  return new TreeError('io', 'the disk threads are closed')
}

function newWorker(): Worker {
  return new Worker(new URL(`./disk-worker${extname(import.meta.url)}`, import.meta.url))
}
