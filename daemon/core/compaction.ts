/**
 * When a device's own log of a folder is to begin anew, with what it says now and nothing that was said before. A log grows with
 * every change; whoever comes new to it should fetch what is, not what was.
 */

/** Superseded entries below which a log is left as it is: whoever comes new fetches so much more, a second or so. */
export const SUPERSEDED_MIN = 4096
/** A log of so many times what it says waits for nobody any more. */
const WAITS_UP_TO_TIMES = 4

export interface LogSize {
  /** Entries of the log in its epoch. */
  readonly entries: number
  /** Of these, the ones that say what is: one a path. */
  readonly current: number
}

/**
 * `once-heard`: as soon as all who hold the folder have the log to its end, for then they fetch nothing. `now`: one of them has
 * been away for too long, and fetches all of it when it comes back.
 */
export type CompactionDue = 'not-yet' | 'once-heard' | 'now'

/** @param supersededMin below so many superseded entries it is never due */
export function compactionDue({ entries, current }: LogSize, supersededMin: number): CompactionDue {
  const superseded = entries - current
  if (superseded < supersededMin || superseded <= current) return 'not-yet'
  return entries > current * WAITS_UP_TO_TIMES ? 'now' : 'once-heard'
}
