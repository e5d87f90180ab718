/** Waiting for a change. A ring wakes all who wait at that moment; they look again. */

export class Bell {
  readonly #waiting = new Set<() => void>()

  /** Resolves at the next ring. @throws the signal's reason */
  wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const abort = (): void => {
        this.#waiting.delete(wake)
        reject(signal?.reason instanceof Error ? signal.reason : new Error('given up', { cause: signal?.reason }))
      }
      this.#waiting.add(wake)
      if (signal?.aborted === true) abort()
      else signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** Resolves once it holds, which is looked at now and at each ring. @throws the signal's reason */
  async until(holds: () => boolean, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    while (!holds()) await this.wait(signal)
  }

  ring(): void {
    const woken = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of woken) wake()
  }
}
