/** Work that runs beside what started it, and is waited for at the end. */

import type { AbortOptions } from '../ports.ts'

export class Work {
  readonly #running = new Set<Promise<void>>()
  readonly #signal: AbortSignal

  constructor({ signal }: AbortOptions) {
    this.#signal = signal
  }

  /**
   * Keeps hold of it until it has ended. What it throws after the signal is of no interest; before, nobody can act on it, and
   * the process ends.
   */
  spawn(work: Promise<void>): Promise<void> {
    const held = work
      .catch((cause: unknown) => {
        if (!this.#signal.aborted) throw cause
      })
      .finally(() => this.#running.delete(held))
    this.#running.add(held)
    return held
  }

  /** Resolves when nothing runs any more. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }
}
