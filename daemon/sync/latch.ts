/** A latch: raised any number of times, it lets the next wait through once. */

import type { SleepOptions } from '../clock-port.ts'
import type { AbortOptions, Clock } from '../ports.ts'

export interface Latch {
  raise(): void
  /** Resolves at once when it was raised since the last wait. At most one waits. @throws the signal's reason */
  wait(o: AbortOptions): Promise<void>
}

export function createLatch(): Latch {
  let isRaised = false
  let wake: (() => void) | undefined
  return {
    raise: () => {
      isRaised = true
      wake?.()
    },
    wait: async ({ signal }) => {
      signal.throwIfAborted()
      if (!isRaised) {
        await new Promise<void>((resolve, reject) => {
          const abort = (): void => {
            wake = undefined
            reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
          }
          signal.addEventListener('abort', abort, { once: true })
          wake = () => {
            wake = undefined
            signal.removeEventListener('abort', abort)
            resolve()
          }
        })
      }
      isRaised = false
    },
  }
}

/** Resolves when the latch is raised, or so much later. @throws the signal's reason */
export async function raisedOrAfter(latch: Latch, clock: Clock, delayMs: number, o: SleepOptions): Promise<void> {
  const done = new AbortController()
  const signal = AbortSignal.any([o.signal, done.signal])
  const waits = [latch.wait({ signal }), clock.sleep(delayMs, { ...o, signal })]
  try {
    await Promise.race(waits)
  } finally {
    done.abort(new Error('the wait is over'))
    await Promise.allSettled(waits)
  }
}
