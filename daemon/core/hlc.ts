/** The hybrid logical clock: wall time that never falls behind what was seen (Kulkarni et al., 2014). */

import type { Hlc } from '../../protocol/manifest.ts'

export const HLC_START: Hlc = { ms: 0, counter: 0 }

/** A reading after every one that was seen: the wall clock's if that is later, else the latest with its counter moved on. */
export function nextHlc(latest: Hlc, wallMs: number): Hlc {
  if (wallMs > latest.ms) return { ms: wallMs, counter: 0 }
  // A reading at the end of the number range was forged; staying there keeps the log usable.
  return { ms: latest.ms, counter: Math.min(latest.counter + 1, Number.MAX_SAFE_INTEGER) }
}

/** Below zero when `a` is the earlier one. */
export function compareHlc(a: Hlc, b: Hlc): number {
  return a.ms - b.ms || a.counter - b.counter
}

export function laterHlc(a: Hlc, b: Hlc): Hlc {
  return compareHlc(a, b) < 0 ? b : a
}
