/** A time limit on something that waits, by the clock port. */

import type { AbortOptions, Clock } from '../ports.ts'

export interface Deadline extends Disposable {
  /** Aborts when the time is over, or when the parent does. */
  readonly signal: AbortSignal
  /** Whether the time is over. */
  readonly isOver: boolean
}

/** Dispose it when what it limits has ended. */
export function startDeadline(clock: Clock, limitMs: number, parent: AbortOptions): Deadline {
  const limit = new AbortController()
  const ended = new AbortController()
  clock.sleep(limitMs, { signal: ended.signal }).then(
    () => limit.abort(new Error(`not done within ${limitMs} ms`)),
    // The sleep ends early only because the deadline was disposed.
    () => undefined,
  )
  return {
    signal: AbortSignal.any([parent.signal, limit.signal]),
    get isOver() {
      return limit.signal.aborted
    },
    [Symbol.dispose]: () => ended.abort(new Error('done in time')),
  }
}

/** Whether an error, of whatever room, has one of these codes. */
export function hasCode(cause: unknown, ...codes: readonly string[]): boolean {
  return cause instanceof Error && 'code' in cause && codes.some((code) => code === cause.code)
}

/** Whether the signal has aborted by now: a function, since the compiler believes that a property keeps its value across a wait. */
export function isAborted({ signal }: AbortOptions): boolean {
  return signal.aborted
}
