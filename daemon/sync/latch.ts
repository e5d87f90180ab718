/** A latch: raised any number of times, it lets the next wait through once. */

import type { AbortOptions } from '../ports.ts'

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
