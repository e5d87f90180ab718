/** The machine's clocks, and a watch over its sleep and its network. */

import { networkInterfaces } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { AbortOptions, Clock } from './ports.ts'

/** How often the clocks and interfaces are compared, in milliseconds: peers are dialled again within 3 s of the network's return. */
const LOOK_MS = 2000
/** By how much a clock must be ahead of what was waited for to count as a sleep, in milliseconds. */
const SLEEP_MS = 10_000

export function createSystemClock(): Clock {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => Math.floor(performance.now()),
    sleep: async (delayMs, { signal }) => {
      await delay(delayMs, undefined, { signal })
    },
  }
}

/** What clocks on the wall show where this machine is. Monday is day 0. */
export function localTime(wallMs: number): { readonly weekday: number; readonly minute: number } {
  const date = new Date(wallMs)
  return { weekday: (date.getDay() + 6) % 7, minute: date.getHours() * 60 + date.getMinutes() }
}

export interface MachineWatch {
  /** The machine slept: anything may have changed meanwhile. */
  readonly onResume: (sleptMs: number) => void
  /** An interface or address came or went. */
  readonly onNetworkChange: () => void
}

/** Looks until the signal aborts. */
export async function watchMachine(clock: Clock, watch: MachineWatch, o: AbortOptions): Promise<void> {
  let [wallMs, monotonicMs, network] = [clock.wallMs(), clock.monotonicMs(), addresses()]
  for (;;) {
    await clock.sleep(LOOK_MS, o)
    // On Linux the monotonic clock stands still while the machine sleeps; on others, and for a process that was stopped, it goes on.
    const sleptMs = Math.max(clock.wallMs() - wallMs, clock.monotonicMs() - monotonicMs) - LOOK_MS
    const now = addresses()
    if (sleptMs > SLEEP_MS) watch.onResume(sleptMs)
    if (now !== network) watch.onNetworkChange()
    ;[wallMs, monotonicMs, network] = [clock.wallMs(), clock.monotonicMs(), now]
  }
}

function addresses(): string {
  const all = Object.entries(networkInterfaces()).flatMap(([name, found]) =>
    (found ?? []).map(({ cidr }) => `${name} ${cidr ?? ''}`),
  )
  return all.sort().join('\n')
}
