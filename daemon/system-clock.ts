/** The machine's clocks, and a watch over its sleep and its network. */

import { networkInterfaces } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { createBeats } from './beats.ts'
import type { AbortOptions, Clock } from './ports.ts'

/** How often the clocks and interfaces are compared, in milliseconds: peers are dialled again within 3 s of the network's return. */
const LOOK_MS = 1000
/** At every other second where nothing else is awake. */
const LOOK_SLACK_MS = 1000
/** By how much a clock must be ahead of what was waited for to count as a sleep, in milliseconds. */
const SLEEP_MS = 10_000

export function createSystemClock(): Clock {
  const monotonicMs = (): number => Math.floor(performance.now())
  const beats = createBeats({
    monotonicMs,
    after: (delayMs, ring) => {
      const timer = setTimeout(ring, delayMs)
      return { [Symbol.dispose]: () => clearTimeout(timer) }
    },
  })
  return {
    wallMs: () => Date.now(),
    monotonicMs,
    sleep: async (delayMs, { signal, slackMs = 0 }) => {
      await (beats.next(delayMs, slackMs, signal) ?? delay(delayMs, undefined, { signal }))
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
  /** An interface or address came or went. Left out where somebody else looks for that. */
  readonly onNetworkChange?: () => void
}

/** Looks until the signal aborts. */
export async function watchMachine(clock: Clock, watch: MachineWatch, { signal }: AbortOptions): Promise<void> {
  const { onResume, onNetworkChange } = watch
  const look = (): string => (onNetworkChange === undefined ? '' : addresses())
  let [wallMs, monotonicMs, network] = [clock.wallMs(), clock.monotonicMs(), look()]
  for (;;) {
    await clock.sleep(LOOK_MS, { signal, slackMs: LOOK_SLACK_MS })
    // On Linux the monotonic clock stands still while the machine sleeps; on others, and for a process that was stopped, it goes on.
    const sleptMs = Math.max(clock.wallMs() - wallMs, clock.monotonicMs() - monotonicMs) - LOOK_MS
    const now = look()
    if (sleptMs > SLEEP_MS) onResume(sleptMs)
    if (now !== network) onNetworkChange?.()
    ;[wallMs, monotonicMs, network] = [clock.wallMs(), clock.monotonicMs(), now]
  }
}

function addresses(): string {
  const all = Object.entries(networkInterfaces()).flatMap(([name, found]) =>
    (found ?? []).map(({ cidr }) => `${name} ${cidr ?? ''}`),
  )
  return all.sort().join('\n')
}
