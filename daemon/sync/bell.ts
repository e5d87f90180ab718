/** A bell: when it is rung, everybody who waits looks again. */

import type { AbortOptions } from '../ports.ts'

export interface Bell {
  ring(): void
  /** Resolves once it holds, which is looked at now and at each ring. @throws the signal's reason */
  until(holds: () => boolean, o?: AbortOptions): Promise<void>
}

export function createBell(): Bell {
  let next = Promise.withResolvers<undefined>()
  return {
    ring: () => {
      const rung = next
      next = Promise.withResolvers<undefined>()
      rung.resolve(undefined)
    },
    until: async (holds, o) => {
      const aborted = Promise.withResolvers<undefined>()
      const abort = (): void => aborted.resolve(undefined)
      o?.signal.addEventListener('abort', abort, { once: true })
      try {
        for (;;) {
          o?.signal.throwIfAborted()
          if (holds()) return
          await Promise.race([next.promise, aborted.promise])
        }
      } finally {
        o?.signal.removeEventListener('abort', abort)
      }
    },
  }
}
