/** One timer for everything that a stage waits for: it sleeps until the earliest of all times, and not at all when there is none. */

import type { Clock } from '../ports.ts'

export interface Alarm {
  /** Rings at this time of the monotonic clock, or earlier. */
  at(dueMs: number): void
}

/**
 * @param ring does what is due and returns when it wants to ring next, if ever. Rings for times asked meanwhile, too.
 * @param signal ends the alarm.
 */
export function createAlarm(clock: Clock, signal: AbortSignal, ring: () => number | undefined): Alarm {
  let dueMs = Number.POSITIVE_INFINITY
  let current: AbortController | undefined

  const at = (wantedMs: number): void => {
    if (wantedMs >= dueMs || signal.aborted) return
    current?.abort()
    current = new AbortController()
    dueMs = wantedMs
    void sleepAndRing(current)
  }
  const sleepAndRing = async (own: AbortController): Promise<void> => {
    const stop = (): void => own.abort()
    signal.addEventListener('abort', stop)
    try {
      await clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), { signal: own.signal })
    } catch (cause) {
      if (own.signal.aborted) return
      throw cause
    } finally {
      signal.removeEventListener('abort', stop)
    }
    if (own.signal.aborted) return
    dueMs = Number.POSITIVE_INFINITY
    const nextMs = ring()
    if (nextMs !== undefined) at(nextMs)
  }
  return { at }
}
