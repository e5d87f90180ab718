/** Waiting for something to be so, without the asking being what is measured. */

const PATIENCE_MS = 900_000
/** However long it takes, it is asked so often at least. */
const EVERY_MS_MAX = 1000

/** Something that tells when it is worth to ask. */
export class Bell {
  #isRung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#isRung = true
    this.#wake?.()
  }

  /** Resolves when it rings, or has rung since the last time, or after `ms`. */
  async heard(ms: number): Promise<void> {
    if (!this.#isRung) {
      const { promise, resolve } = Promise.withResolvers<undefined>()
      const wake = (): void => resolve(undefined)
      const timer = setTimeout(wake, ms)
      this.#wake = wake
      await promise
      clearTimeout(timer)
      this.#wake = undefined
    }
    this.#isRung = false
  }
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/**
 * Asks when the bell rings, and now and then without: the less often the longer it takes, so that a tenth of the time is lost
 * at most where a bell was missed. @throws Error when it takes more than fifteen minutes
 */
export async function untilHeard(
  bell: Bell,
  holds: () => boolean | Promise<boolean>,
  o: { readonly what: string; readonly everyMs: number },
): Promise<void> {
  await patiently(holds, o.what, (tookMs) => bell.heard(Math.min(Math.max(o.everyMs, tookMs / 10), EVERY_MS_MAX)))
}

/** Asks every so often, a hundredth of the time that it took so far at least. @throws Error when it takes more than fifteen minutes */
export async function until(
  holds: () => boolean | Promise<boolean>,
  o: { readonly what: string; readonly everyMs: number },
): Promise<void> {
  await patiently(holds, o.what, (tookMs) => pause(Math.max(o.everyMs, tookMs / 100)))
}

async function patiently(
  holds: () => boolean | Promise<boolean>,
  what: string,
  rest: (tookMs: number) => Promise<void>,
): Promise<void> {
  const beganMs = performance.now()
  while (!(await holds())) {
    const tookMs = performance.now() - beganMs
    if (tookMs > PATIENCE_MS) throw new Error(`given up after ${PATIENCE_MS / 60_000} minutes: ${what}`)
    await rest(tookMs)
  }
}
