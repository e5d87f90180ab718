/** The `Threads` port: a few threads for all rooms. What they can do stands in `daemon-thread.ts`. */

import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { RunOptions, ThreadJob, Threads } from './threads-port.ts'

/** Jobs that a thread has at once, the one that it does included: enough that it never idles. */
const JOBS_PER_WORKER = 3
/** Threads that end without having answered anything, one after another, before the pool gives up. */
const FAILURES_MAX = 3
/** How long threads stay that have nothing to do: what they have loaded takes memory. */
const IDLE_MS = 10_000
/** Names of which it is remembered which thread has their jobs. */
const NEAR_MAX = 64
/** How long a thread may take to end by itself: its jobs are cancelled, and look for that at each turn. */
const END_MS = 5000

/** A job has failed, with the system's code where there is one; `io`: its thread has, or the threads are closed. */
export class ThreadError extends Error {
  override readonly name = 'ThreadError'
  readonly code: string
  /** As errors of the system have: callers treat a thread that fails as a disk that does. */
  readonly syscall = 'thread'

  constructor(message: string, { code = 'io', ...options }: ErrorOptions & { code?: string } = {}) {
    super(message, options)
    this.code = code
  }
}

export type ThreadPool = Threads & AsyncDisposable

interface Waiting {
  readonly job: ThreadJob<unknown>
  readonly o: RunOptions
  readonly resolve: (answer: never) => void
  readonly reject: (cause: Error) => void
}

interface Thread {
  readonly worker: Worker
  readonly open: Map<number, Waiting>
}

type Answered =
  | { readonly id: number; readonly answer: never }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: string | undefined } }

/** @param count threads; each takes about 10 MB while there is something to do, or was a minute ago. */
export function createThreads(count: number): ThreadPool {
  return new FixedThreads(count)
}

class FixedThreads implements ThreadPool {
  readonly parallel: number
  readonly #quick: Waiting[] = []
  readonly #long: Waiting[] = []
  readonly #threads: Thread[] = []
  /** Which thread has the jobs that stay near each other, the last that were given out at the end. */
  readonly #near = new Map<string, Thread>()
  /** Lanes in which a job is under way. */
  readonly #lanes = new Set<string>()
  #nextId = 0
  #failures = 0
  #isClosed = false
  #idle: NodeJS.Timeout | undefined
  readonly #count: number
  /** There is nothing to do, for now at least: threads begin again with the next job. */
  readonly #rest = (): void => void this.#endThreads()

  constructor(count: number) {
    this.parallel = count * JOBS_PER_WORKER
    this.#count = count
    process.on('beforeExit', this.#rest)
  }

  async run<Answer>(job: ThreadJob<Answer>, o: RunOptions): Promise<Answer> {
    const { signal, isLong = false } = o
    signal.throwIfAborted()
    if (this.#isClosed) throw closed()
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const waiting: Waiting = { job, o, resolve, reject }
    const cancel = (): void => this.#cancel(waiting)
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
    clearTimeout(this.#idle)
    // One is enough for what a single edit asks for; it takes memory and time to begin another.
    if (this.#threads.length < this.#count && this.#threads.every(({ open }) => open.size > 0)) this.#start()
  }

  async #endThreads(): Promise<void> {
    clearTimeout(this.#idle)
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
      while (this.#giveNext(queue, canTake)) continue
    }
  }

  /** Whether there was a job that some thread can take. */
  #giveNext(queue: Waiting[], canTake: (thread: Thread) => boolean): boolean {
    const byLoad = this.#threads.filter(canTake).sort((a, b) => a.open.size - b.open.size)
    for (const thread of byLoad) {
      const at = queue.findIndex(({ o }) => this.#mayGive(o, thread))
      const [next] = at < 0 ? [] : queue.splice(at, 1)
      if (next === undefined) continue
      this.#give(thread, next)
      return true
    }
    return false
  }

  #mayGive({ lane, near }: RunOptions, thread: Thread): boolean {
    if (lane !== undefined && this.#lanes.has(lane)) return false
    const place = near === undefined ? undefined : this.#near.get(near)
    return place === undefined || place === thread || !this.#threads.includes(place)
  }

  #keepNear(near: string, thread: Thread): void {
    this.#near.delete(near)
    this.#near.set(near, thread)
    for (const oldest of this.#near.keys()) {
      if (this.#near.size <= NEAR_MAX) return
      this.#near.delete(oldest)
    }
  }

  #give(thread: Thread, waiting: Waiting): void {
    this.#nextId += 1
    thread.open.set(this.#nextId, waiting)
    if (waiting.o.lane !== undefined) this.#lanes.add(waiting.o.lane)
    if (waiting.o.near !== undefined) this.#keepNear(waiting.o.near, thread)
    thread.worker.ref()
    thread.worker.postMessage({ id: this.#nextId, job: waiting.job }, waiting.o.transfer ?? [])
  }

  #settle(thread: Thread, answered: Answered): void {
    this.#failures = 0
    const waiting = thread.open.get(answered.id)
    thread.open.delete(answered.id)
    if (waiting?.o.lane !== undefined) this.#lanes.delete(waiting.o.lane)
    this.#letGo(thread)
    if ('answer' in answered) waiting?.resolve(answered.answer)
    else waiting?.reject(waiting.o.signal.aborted ? reasonOf(waiting.o.signal) : toError(answered.error))
    this.#pump()
  }

  /** A thread that has nothing to do does not keep the process; one that is being ended does, until it has. */
  #letGo(thread: Thread): void {
    if (thread.open.size > 0 || !this.#threads.includes(thread)) return
    thread.worker.unref()
    if (this.#threads.some(({ open }) => open.size > 0)) return
    clearTimeout(this.#idle)
    this.#idle = setTimeout(this.#rest, IDLE_MS).unref()
  }

  /** Another thread takes its place, unless none ever lives. */
  #fail(thread: Thread, cause: unknown): void {
    const at = this.#threads.indexOf(thread)
    if (at < 0) return
    this.#threads.splice(at, 1)
    for (const waiting of thread.open.values()) {
      if (waiting.o.lane !== undefined) this.#lanes.delete(waiting.o.lane)
      waiting.reject(new ThreadError('a disk thread has failed', { cause }))
    }
    this.#failures += 1
    if (this.#failures > FAILURES_MAX) this.#close()
    if (this.#isClosed) return
    this.#start()
    this.#pump()
  }

  /** A thread that is at it is told to stop, and keeps the job until it says so. */
  #cancel(waiting: Waiting): void {
    const reason = reasonOf(waiting.o.signal)
    for (const queue of [this.#quick, this.#long]) {
      const at = queue.indexOf(waiting)
      if (at < 0) continue
      queue.splice(at, 1)
      waiting.reject(reason)
    }
    for (const { worker, open } of this.#threads) {
      for (const [id, each] of open) if (each === waiting) worker.postMessage({ cancel: id })
    }
    if (waiting.o.isSettled !== true) waiting.reject(reason)
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

function toError({ message, code }: { readonly message: string; readonly code: string | undefined }): ThreadError {
  return new ThreadError(message, code === undefined ? {} : { code })
}

function hasRoom({ open }: Thread): boolean {
  return open.size < JOBS_PER_WORKER
}

function hasLong({ open }: Thread): boolean {
  return [...open.values()].some(({ o }) => o.isLong === true)
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : new Error(String(reason))
}

function closed(): ThreadError {
  return new ThreadError('the disk threads are closed')
}

function newWorker(): Worker {
  return new Worker(new URL(`./daemon-thread${extname(import.meta.url)}`, import.meta.url))
}
