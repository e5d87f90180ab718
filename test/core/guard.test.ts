/** The mass-delete guard: what is too much, and when a burst of deletions is whole. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Burst } from '../../daemon/core/guard.ts'
import { agreeTo, followBurst, isLopsided, isMassDelete, useAgreement } from '../../daemon/core/guard.ts'

describe('a mass deletion', () => {
  it('is more than half and more than a hundred, or all of more than ten', () => {
    assert.ok(isMassDelete(101, 201) && !isMassDelete(101, 202) && !isMassDelete(100, 110))
    assert.ok(isMassDelete(11, 11) && !isMassDelete(10, 10) && !isMassDelete(11, 12))
  })
})

describe('two sides of a folder that become one', () => {
  it('are said to be lopsided where one has more than twice and more than ten files more', () => {
    assert.ok(isLopsided(0, 11) && isLopsided(11, 0) && isLopsided(20, 41))
    assert.ok(!isLopsided(0, 10) && !isLopsided(20, 40) && !isLopsided(9, 19) && !isLopsided(100, 120))
  })
})

describe('a burst of deletions', () => {
  const follow = (looks: readonly (readonly [atMs: number, deletes: number])[]): (Burst | null)[] => {
    let burst: Burst | null = null
    return looks.map(([atMs, deletes]) => (burst = followBurst(burst, deletes, atMs)))
  }
  const isHeld = (looks: Parameters<typeof follow>[0]): boolean[] => follow(looks).map((burst) => burst !== null)

  it('is held back until none has come for a second, so that a slow one is judged as a whole', () => {
    assert.deepEqual(
      isHeld([
        [0, 40],
        [900, 80],
        [1800, 120],
        [2700, 120],
        [2800, 120],
      ]),
      [true, true, true, true, false],
    )
  })

  it('is none where a few files are deleted: those go on their way at once', () => {
    assert.deepEqual(isHeld([[0, 10]]), [false])
    assert.deepEqual(
      isHeld([
        [0, 11],
        [100, 10],
      ]),
      [true, false],
    )
  })

  it('that never ends is judged after a minute', () => {
    const looks = Array.from({ length: 62 }, (_, i) => [i * 999, 11 + i] as const)
    assert.equal(isHeld(looks).indexOf(false), Math.ceil(60_000 / 999))
  })
})

describe('a yes to deletions that are still to come', () => {
  it('is good for so many, in one go or several, for ten minutes', () => {
    const agreed = agreeTo(120, 1000)
    const rest = useAgreement(agreed, 70, 2000)
    assert.equal(useAgreement(agreed, 121, 2000), null)
    assert.equal(useAgreement(agreed, 120, 600_999)?.deletes, 0)
    assert.equal(useAgreement(agreed, 1, 601_000), null)
    assert.equal(useAgreement(rest, 51, 2000), null)
    assert.equal(useAgreement(rest, 50, 2000)?.deletes, 0)
    assert.equal(useAgreement(null, 1, 2000), null)
  })
})

describe('the guard of deletions', () => {
  for (const [deletes, live, asks] of [
    [100, 150, false],
    [101, 150, true],
    [101, 202, false],
    [500, 1000, false],
    [501, 1000, true],
    [10, 10, false],
    [11, 11, true],
    [1, 1, false],
    [0, 0, false],
  ] as const) {
    it(`${asks ? 'asks' : 'does not ask'} before ${deletes} of ${live} go`, () => {
      assert.equal(isMassDelete(deletes, live), asks)
    })
  }
})
