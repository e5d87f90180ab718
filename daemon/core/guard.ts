/** The mass-delete guard: a pass that would take away most of a folder waits for a person. */

/** A pass that deletes more than this share, and more than `DELETES_MIN`, halts. */
const DELETES_SHARE = 0.5
const DELETES_MIN = 100
/** Emptying a folder that had more than this halts, however small the folder. */
const EMPTYING_MIN = 10

/** Whether `deletes` of a folder's `live` entries, counted before the pass, are too many to go through unasked. */
export function isMassDelete(deletes: number, live: number): boolean {
  if (deletes >= live) return live > EMPTYING_MIN
  return deletes > DELETES_MIN && deletes > live * DELETES_SHARE
}
