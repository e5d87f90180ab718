/** How often a daemon looks, as it is configured. */

import type { Config } from './config.ts'
import type { Pace } from './sync/folder-loops.ts'
import { DEFAULT_PACE } from './sync/folder-loops.ts'

const DAY_MS = 24 * 60 * 60_000

export function paceOf({ rescanMinutes, scrubDays, scrubMegabytes }: Config): Pace {
  const scrub: Pace['scrub'] = {
    ...DEFAULT_PACE.scrub,
    everyMs: scrubDays === 0 ? null : scrubDays * DAY_MS,
    bytesPerSecond: scrubMegabytes * 1_000_000,
  }
  return { ...DEFAULT_PACE, rescanMs: rescanMinutes * 60_000, scrub }
}
