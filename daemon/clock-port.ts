/** Time as the daemon borrows it. Types only. */

import type { AbortOptions } from './ports.ts'

export interface SleepOptions extends AbortOptions {
  /**
   * It may end so much later. Where nothing is going on, what looks now and then looks at the same moments, and the machine rests
   * in between.
   */
  readonly slackMs?: number
}

export interface Clock {
  /** Milliseconds since 1970 by the clock on the wall: may jump. Whole. */
  wallMs(): number
  /** Milliseconds since some start: never goes back, and stands still while the machine sleeps. Whole. */
  monotonicMs(): number
  /** Rejects with the signal's reason when it aborts. */
  sleep(delayMs: number, o: SleepOptions): Promise<void>
}
