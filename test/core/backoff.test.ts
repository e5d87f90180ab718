/** The delays between tries. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { nextDelayMs, redialDelayMs } from '../../daemon/core/backoff.ts'

describe('backoff', () => {
  it('doubles from a tenth of a second to a minute', () => {
    const steps = [1, 2, 3, 4, 5].map((attempt) => nextDelayMs(attempt, 1))
    assert.deepEqual(steps, [100, 200, 400, 800, 1600])
    assert.equal(nextDelayMs(11, 1), 60_000)
    assert.equal(nextDelayMs(5000, 1), 60_000)
  })

  it('stays between half a step and the step', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random01) => {
        const delay = nextDelayMs(attempt, random01)
        const step = nextDelayMs(attempt, 1)
        assert.ok(delay >= step / 2 && delay <= step)
      }),
    )
  })

  it('stays short for a minute where others may be starting, too', () => {
    const steps = [1, 2, 3, 4, 5, 6, 40].map((attempt) => redialDelayMs(attempt, 59_999, 1))
    assert.deepEqual(steps, [100, 200, 400, 800, 1600, 1600, 1600])
    assert.equal(redialDelayMs(40, 60_000, 1), 60_000)
  })
})
