/** Waiting for a change. A ring wakes all who wait at that moment; they look again for themselves. */

import { abortReason } from './abortable.ts'

export class Bell {
  readonly #waiting = new Set<() => void>()

  /** Resolves at the next ring. Rejects with the signal's reason when it aborts. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const abort = (): void => {
        this.#waiting.delete(wake)
        reject(abortReason(signal))
      }
      this.#waiting.add(wake)
      if (signal.aborted) abort()
      else signal.addEventListener('abort', abort, { once: true })
    })
  }

  ring(): void {
    const woken = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of woken) wake()
  }
}
