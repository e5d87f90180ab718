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

/** How long after its start a device tries eagerly: what it looks for may be starting, too. */
const EAGER_FOR_MS = 60_000
/** The longest delay meanwhile: who begins to listen is reached within two seconds. */
const EAGER_DELAY_MS_MAX = 1600

/**
 * The same for reaching other devices: 100, 200, 400, 800, 1600, 1600 … during the first minute, the usual delays after it.
 *
 * @param sinceStartMs how long ago this device began to look for others.
 */
export function redialDelayMs(attempt: number, sinceStartMs: number, random01: number): number {
  const delayMs = nextDelayMs(attempt, random01)
  return sinceStartMs < EAGER_FOR_MS ? Math.min(EAGER_DELAY_MS_MAX, delayMs) : delayMs
}
