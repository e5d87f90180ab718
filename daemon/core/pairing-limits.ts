/**
 * What keeps a pairing code from being guessed, and which of two groups stays. Each wrong proof is one guess out of 2^27.
 *
 *     closed ─reopen─► idle ─show─► shown ─3 wrong · used · cancelled · 10 minutes─► idle
 *        ▲                            │
 *        └──── 10 wrong in an hour ───┘
 */

import type { GroupId } from '../../protocol/ids.ts'
import { PAIR_CODE_LIFE_MS, PAIR_FAILURES_PER_CODE, PAIR_FAILURES_PER_HOUR } from '../../protocol/limits.ts'

const HOUR_MS = 60 * 60_000

/** Both clocks at one moment: the wall clock may be set back, the monotonic one stands while the machine sleeps. */
export interface Moment {
  readonly wallMs: number
  readonly monotonicMs: number
}

export interface PairingLimits {
  readonly shown: { readonly since: Moment; readonly failures: number } | null
  /** Wrong proofs of the last hour. */
  readonly failures: readonly Moment[]
  /** Until a person opens it again. */
  readonly isClosed: boolean
}

export const PAIRING_LIMITS_START: PairingLimits = { shown: null, failures: [], isClosed: false }

/** `closed`: no code may be shown. */
export function showCode(limits: PairingLimits, now: Moment): PairingLimits | 'closed' {
  if (limits.isClosed) return 'closed'
  return { ...limits, shown: { since: now, failures: 0 } }
}

/** The code was used or taken back. */
export function burnCode(limits: PairingLimits): PairingLimits {
  return { ...limits, shown: null }
}

/** A proof was wrong. The code is burnt when `shown` is null afterwards. */
export function countFailure(limits: PairingLimits, now: Moment): PairingLimits {
  const failures = [...limits.failures.filter((at) => elapsedMs(at, now) < HOUR_MS), now]
  const isClosed = limits.isClosed || failures.length >= PAIR_FAILURES_PER_HOUR
  const shown = limits.shown === null ? null : { ...limits.shown, failures: limits.shown.failures + 1 }
  const isBurnt = isClosed || shown === null || shown.failures >= PAIR_FAILURES_PER_CODE
  return { isClosed, failures, shown: isBurnt ? null : shown }
}

/** A person asked for it. */
export function reopen(limits: PairingLimits): PairingLimits {
  return limits.isClosed ? PAIRING_LIMITS_START : limits
}

/** How long the shown code still lives; 0 when there is none or its time is over. */
export function codeLeftMs(limits: PairingLimits, now: Moment): number {
  return limits.shown === null ? 0 : Math.max(0, PAIR_CODE_LIFE_MS - elapsedMs(limits.shown.since, now))
}

/** Wrong proofs that the shown code still survives. */
export function attemptsLeft(limits: PairingLimits): number {
  return limits.shown === null ? 0 : PAIR_FAILURES_PER_CODE - limits.shown.failures
}

/** By the clock that saw more time pass: neither a sleeping machine nor a wall clock set back lengthens a life. */
function elapsedMs(since: Moment, now: Moment): number {
  return Math.max(now.wallMs - since.wallMs, now.monotonicMs - since.monotonicMs)
}

/** What each side says of its group. */
export interface GroupClaim {
  readonly groupId: GroupId
  /** Members without itself. */
  readonly otherMembers: number
}

/** Whose group stays. The group with other members does; with none on either side, the inviter's. */
export type GroupDecision = 'inviter' | 'joiner' | 'both-in-groups' | 'same-group'

export function decideGroup(inviter: GroupClaim, joiner: GroupClaim): GroupDecision {
  if (inviter.groupId === joiner.groupId) return 'same-group'
  if (inviter.otherMembers > 0 && joiner.otherMembers > 0) return 'both-in-groups'
  return joiner.otherMembers > 0 ? 'joiner' : 'inviter'
}
