/**
 * One timer for all waits that may end a little later: they end together, at the next beat. A machine whose programs wake it at
 * moments of their own never rests.
 */

/** What beats need of the world. */
export interface BeatTimer {
  monotonicMs(): number
  /** Calls after so many milliseconds, once, unless it is disposed before. */
  after(delayMs: number, ring: () => void): Disposable
}

/** Beats are at the multiples of this: twice what looks at the machine may wait for. */
export const BEAT_MS = 2000

interface Beat {
  readonly timer: Disposable
  readonly waiting: Set<() => void>
}

export interface Beats {
  /** @returns a promise that resolves at the first beat from `delayMs` on, if there is one before `slackMs` more have passed. */
  next(delayMs: number, slackMs: number, signal: AbortSignal): Promise<void> | undefined
}

export function createBeats(timer: BeatTimer): Beats {
  const beats = new Map<number, Beat>()
  const begin = (atMs: number): Beat => {
    const waiting = new Set<() => void>()
    const ring = (): void => {
      beats.delete(atMs)
      for (const wake of waiting) wake()
    }
    const beat = { waiting, timer: timer.after(atMs - timer.monotonicMs(), ring) }
    beats.set(atMs, beat)
    return beat
  }
  const leave = (atMs: number, wake: () => void): void => {
    const beat = beats.get(atMs)
    if (beat?.waiting.delete(wake) !== true || beat.waiting.size > 0) return
    beat.timer[Symbol.dispose]()
    beats.delete(atMs)
  }
  return {
    next: (delayMs, slackMs, signal) => {
      const dueMs = timer.monotonicMs() + delayMs
      const atMs = Math.ceil(dueMs / BEAT_MS) * BEAT_MS
      if (atMs > dueMs + slackMs) return undefined
      return new Promise((resolve, reject) => {
        const wake = (): void => {
          signal.removeEventListener('abort', abort)
          resolve()
        }
        const abort = (): void => {
          leave(atMs, wake)
          reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)))
        }
        if (signal.aborted) {
          abort()
          return
        }
        signal.addEventListener('abort', abort, { once: true })
        ;(beats.get(atMs) ?? begin(atMs)).waiting.add(wake)
      })
    },
  }
}
