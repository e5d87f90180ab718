/** Threads that list, read, hash and write files for all rooms, so that the main one never waits for a disk. Types only. */

import type { AbortOptions } from './ports.ts'

declare const answered: unique symbol

/** What a thread is asked to do: plain data, so that it can be cloned. Each room says what its kinds answer. */
export interface ThreadJob<Answer> {
  readonly kind: string
  readonly [answered]?: Answer
}

export interface RunOptions extends AbortOptions {
  /** It may take seconds: quick jobs of others are done in between. */
  readonly isLong?: boolean
  /** An abort tells the job to end, and is waited for: what it does may not go on behind the caller's back. */
  readonly isSettled?: boolean
  /**
   * Jobs of one lane are done one after another: what makes files on a disk waits for each sync there, so to do both at once takes
   * longer than to do one after the other.
   */
  readonly lane?: string
  /** Jobs of one such name go to one thread as long as it lives: it may have kept something from one to the next. */
  readonly near?: string
  /** Memory that the thread gets instead of a copy: nobody here may look at it afterwards. */
  readonly transfer?: readonly ArrayBuffer[]
}

export interface Threads {
  /** How many jobs are taken at once; more wait. */
  readonly parallel: number
  /** @throws the signal's reason; an error of code `io` when the thread fails or the threads are closed. */
  run<Answer>(job: ThreadJob<Answer>, o: RunOptions): Promise<Answer>
}

/** What a job may use in its thread. */
export interface JobOptions extends AbortOptions {
  /** Lets other jobs have their turn. @throws the signal's reason */
  turn(): Promise<void>
}
