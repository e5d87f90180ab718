/** How long to wait before the next try of something that failed: doubling, bounded, and jittered so that devices do not try in step. */

const FIRST_DELAY_MS = 100
const DELAY_MS_MAX = 60_000
/** The delay is taken between this share of the step and the whole of it. */
const JITTER_SHARE_MIN = 0.5

/**
 * Milliseconds before try number `attempt` is repeated: steps of 100, 200, 400 … 60,000, of which at least half is waited.
 *
 * @param attempt how many tries have failed in a row, from 1. Less counts as 1.
 * @param random01 a random number from 0 (in) to 1 (out).
 */
export function nextDelayMs(attempt: number, random01: number): number {
  const step = Math.min(DELAY_MS_MAX, FIRST_DELAY_MS * 2 ** Math.max(0, attempt - 1))
  return Math.round(step * (JITTER_SHARE_MIN + (1 - JITTER_SHARE_MIN) * random01))
}
