/** The mass-delete guard: a pass that would take away most of a folder waits for a person. */

/** A pass that deletes more than this share, and more than `DELETES_MIN`, halts. */
const DELETES_SHARE = 0.5
const DELETES_MIN = 100
/** Emptying a folder that had more than this halts, however small the folder. */
const EMPTYING_MIN = 10

/** A burst of deletions is over when none has come for so long, or when it has lasted so long; in milliseconds. */
export const BURST_QUIET_MS = 1000
const BURST_MS_MAX = 60_000

/**
 * Deletions that are still coming: what somebody does in one go takes its time, and is judged as a whole. In milliseconds of the
 * monotonic clock.
 */
export interface Burst {
  readonly deletes: number
  readonly sinceMs: number
  readonly quietSinceMs: number
}

/** The burst with what is seen now; null when there is none, or no longer one: then the deletions count. */
export function followBurst(burst: Burst | null, deletes: number, nowMs: number): Burst | null {
  if (deletes <= EMPTYING_MIN) return null
  if (burst === null) return { deletes, sinceMs: nowMs, quietSinceMs: nowMs }
  const quietSinceMs = deletes === burst.deletes ? burst.quietSinceMs : nowMs
  const isOver = nowMs - quietSinceMs >= BURST_QUIET_MS || nowMs - burst.sinceMs >= BURST_MS_MAX
  return isOver ? null : { deletes, sinceMs: burst.sinceMs, quietSinceMs }
}

/** How long a person's word holds for deletions that are still on their way from other devices; in milliseconds. */
const AGREEMENT_MS = 10 * 60_000

/** A person has said yes to deletions before they have come: to so many, until then on the monotonic clock. */
export interface Agreement {
  readonly deletes: number
  readonly untilMs: number
}

export function agreeTo(deletes: number, nowMs: number): Agreement {
  return { deletes, untilMs: nowMs + AGREEMENT_MS }
}

/** What is left of the agreement once `deletes` have gone through by it; null when it does not cover them. */
export function useAgreement(agreed: Agreement | null, deletes: number, nowMs: number): Agreement | null {
  const isCovered = agreed !== null && deletes <= agreed.deletes && nowMs < agreed.untilMs
  return isCovered ? { ...agreed, deletes: agreed.deletes - deletes } : null
}

/** Whether `deletes` of a folder's `live` entries, counted before the pass, are too many to go through unasked. */
export function isMassDelete(deletes: number, live: number): boolean {
  if (deletes >= live) return live > EMPTYING_MIN
  return deletes > DELETES_MIN && deletes > live * DELETES_SHARE
}

/** Two sides that differ by more than this factor, and by more than so many files, may not be meant for one another. */
const LOPSIDED_FACTOR = 2
const LOPSIDED_FILES = 10

/** Whether one side has so many more files than the other that a person is told before they become one. */
export function isLopsided(here: number, there: number): boolean {
  const [less, more] = here < there ? [here, there] : [there, here]
  return more > less * LOPSIDED_FACTOR && more - less > LOPSIDED_FILES
}
