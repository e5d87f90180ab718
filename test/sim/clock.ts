/** A device's clocks: the wall clock, which a person may set, and the monotonic one, which stands while the machine sleeps. */

import type { Clock } from '../../daemon/ports.ts'
import { onAbort, reasonOf } from './abort.ts'
import type { Life } from './life.ts'
import type { Scheduler } from './scheduler.ts'

/** Every run begins at this moment: 2026-11-21T12:00:00Z. */
export const START_WALL_MS = Date.UTC(2026, 10, 21, 12)

/** The clock on the wall of one device; it outlives programs, and keeps going while the machine sleeps. */
export class WallClock {
  /** How far it is from true time, in milliseconds. */
  offsetMs = 0
  readonly #scheduler: Scheduler

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  nowMs(): number {
    return Math.floor(START_WALL_MS + this.#scheduler.nowMs() + this.offsetMs)
  }
}

export function createSimClock(life: Life, wall: WallClock): Clock {
  return {
    wallMs: () => wall.nowMs(),
    monotonicMs: () => Math.floor(life.awakeUs() / 1000),
    sleep(delayMs, { signal }) {
      if (life.state === 'dead') return new Promise(() => undefined)
      if (signal.aborted) return Promise.reject(reasonOf(signal))
      return new Promise((resolve, reject) => {
        const event = life.after(delayMs * 1000, () => {
          listening[Symbol.dispose]()
          resolve()
        })
        const listening = onAbort(signal, life, () => {
          event.isCancelled = true
          reject(reasonOf(signal))
        })
      })
    },
  }
}
