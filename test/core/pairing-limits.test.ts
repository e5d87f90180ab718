/** The limits that keep codes from being guessed, and whose group stays. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PAIR_CODE_LIFE_MS, PAIR_FAILURES_PER_CODE, PAIR_FAILURES_PER_HOUR } from '../../protocol/limits.ts'
import { parseGroupId } from '../../protocol/ids.ts'
import type { Moment, PairingLimits } from '../../daemon/core/pairing-limits.ts'
import {
  PAIRING_LIMITS_START,
  attemptsLeft,
  burnCode,
  codeLeftMs,
  countFailure,
  decideGroup,
  reopen,
  showCode,
} from '../../daemon/core/pairing-limits.ts'

const at = (ms: number): Moment => ({ wallMs: 1_000_000 + ms, monotonicMs: ms })

function shown(limits: PairingLimits, now: Moment): PairingLimits {
  const next = showCode(limits, now)
  assert.ok(next !== 'closed')
  return next
}

describe('a shown code', () => {
  it('survives two wrong proofs, and not three', () => {
    let limits = shown(PAIRING_LIMITS_START, at(0))
    for (let left = PAIR_FAILURES_PER_CODE; left > 0; left--) {
      assert.equal(attemptsLeft(limits), left)
      limits = countFailure(limits, at(1))
    }
    assert.equal(attemptsLeft(limits), 0)
    assert.equal(codeLeftMs(limits, at(1)), 0)
  })

  it('lives ten minutes by whichever clock saw more time pass', () => {
    const limits = shown(PAIRING_LIMITS_START, at(0))
    assert.equal(codeLeftMs(limits, at(PAIR_CODE_LIFE_MS - 1)), 1)
    assert.equal(codeLeftMs(limits, { ...at(0), wallMs: at(PAIR_CODE_LIFE_MS).wallMs }), 0)
    assert.equal(codeLeftMs(limits, { wallMs: 0, monotonicMs: PAIR_CODE_LIFE_MS }), 0)
  })

  it('is gone once it was used or taken back', () => {
    assert.equal(codeLeftMs(burnCode(shown(PAIRING_LIMITS_START, at(0))), at(0)), 0)
  })
})

describe('pairing', () => {
  it('never lets more than ten wrong proofs an hour through without a person, however they come', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20 * 60_000), { minLength: 1, maxLength: 60 }), (pauses) => {
        let limits: PairingLimits = PAIRING_LIMITS_START
        let now = 0
        const failures: number[] = []
        for (const pause of pauses) {
          now += pause
          const next = limits.shown === null ? showCode(limits, at(now)) : limits
          if (next === 'closed') break
          limits = countFailure(next, at(now))
          failures.push(now)
          const inHour = failures.filter((time) => now - time < 60 * 60_000).length
          assert.equal(limits.isClosed, inHour >= PAIR_FAILURES_PER_HOUR)
        }
      }),
    )
  })

  it('stays closed until a person opens it again', () => {
    let limits: PairingLimits = PAIRING_LIMITS_START
    for (let i = 0; i < PAIR_FAILURES_PER_HOUR; i++) {
      limits = countFailure(limits.shown === null ? shown(limits, at(i)) : limits, at(i))
    }
    assert.equal(showCode(limits, at(10 * 60 * 60_000)), 'closed')
    assert.equal(attemptsLeft(shown(reopen(limits), at(0))), PAIR_FAILURES_PER_CODE)
  })

  it('does not forget what it counted when it is opened without having been closed', () => {
    const limits = countFailure(shown(PAIRING_LIMITS_START, at(0)), at(0))
    assert.equal(reopen(limits), limits)
  })
})

describe('of two groups', () => {
  const claim = (digit: string, otherMembers: number) => ({ groupId: parseGroupId(digit.repeat(64)), otherMembers })

  it('the one with other members stays; with none on either side that of the inviter', () => {
    assert.equal(decideGroup(claim('a', 0), claim('b', 0)), 'inviter')
    assert.equal(decideGroup(claim('a', 2), claim('b', 0)), 'inviter')
    assert.equal(decideGroup(claim('a', 0), claim('b', 2)), 'joiner')
    assert.equal(decideGroup(claim('a', 1), claim('b', 1)), 'both-in-groups')
    assert.equal(decideGroup(claim('a', 1), claim('a', 1)), 'same-group')
  })
})
