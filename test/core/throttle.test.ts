/** How much goes over limited lines, by a clock that a test moves. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Throttle } from '../../daemon/core/throttle.ts'
import { scaled } from '../scale.ts'

const NOBODY = new Map<string, number | null>()

describe('a throttle', () => {
  it('limits nothing that has no limit', () => {
    const throttle = new Throttle<string>()
    throttle.setRates(null, new Map([['ben', 1000]]), 0)
    assert.deepEqual([throttle.isLimited('anna'), throttle.isLimited('ben')], [false, true])
    throttle.take('anna', 1e9, 0)
    assert.equal(throttle.waitMs('anna', 0), 0)
    assert.equal(throttle.creditBytes('anna', 0), Number.POSITIVE_INFINITY)
  })

  it('lets a large frame through, and then nobody before it is paid for', () => {
    const throttle = new Throttle<string>()
    throttle.setRates(1000, NOBODY, 0)
    throttle.take('anna', 5000, 0)
    assert.equal(throttle.waitMs('anna', 0), 5000)
    assert.equal(throttle.waitMs('ben', 2000), 3000)
    assert.equal(throttle.waitMs('ben', 5000), 0)
  })

  it('keeps a device to its own limit, and all together to theirs', () => {
    const throttle = new Throttle<string>()
    throttle.setRates(10_000, new Map([['ben', 1000]]), 0)
    throttle.take('ben', 5000, 0)
    assert.deepEqual([throttle.waitMs('ben', 0), throttle.waitMs('anna', 0)], [5000, 500])
  })

  it('pauses at a rate of 0, and goes on with any other', () => {
    const throttle = new Throttle<string>()
    throttle.setRates(0, NOBODY, 0)
    assert.equal(throttle.waitMs('anna', 1e9), Number.POSITIVE_INFINITY)
    assert.equal(throttle.creditBytes('anna', 1e9), 0)
    throttle.setRates(1000, NOBODY, 1e9)
    assert.equal(throttle.waitMs('anna', 1e9), 0)
    throttle.take('anna', 1000, 1e9)
    throttle.setRates(null, NOBODY, 1e9)
    assert.equal(throttle.waitMs('anna', 1e9), 0)
  })

  it('does not forget what was taken when the limit changes', () => {
    const throttle = new Throttle<string>()
    throttle.setRates(1000, NOBODY, 0)
    throttle.take('anna', 3000, 0)
    throttle.setRates(2000, NOBODY, 1000)
    assert.equal(throttle.waitMs('anna', 1000), 1000)
  })

  it('gives back what did not go over the line', () => {
    const throttle = new Throttle<string>()
    throttle.setRates(1000, NOBODY, 0)
    throttle.take('anna', 5000, 0)
    throttle.take('anna', -4000, 0)
    assert.equal(throttle.waitMs('anna', 0), 1000)
  })

  it('never lets more through than the rate, the last frame and a quarter of a second, whoever asks when', () => {
    const step = fc.record({ device: fc.constantFrom('anna', 'ben'), bytes: fc.nat(50_000), afterMs: fc.nat(400) })
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 1e6 }), fc.array(step, { maxLength: 60 }), (rate, steps) => {
        const throttle = new Throttle<string>()
        throttle.setRates(rate, new Map([['ben', rate / 2]]), 0)
        let [nowMs, all, ofBen] = [0, 0, 0]
        for (const { device, bytes, afterMs } of steps) {
          nowMs += afterMs
          if (throttle.waitMs(device, nowMs) > 0) continue
          throttle.take(device, bytes, nowMs)
          all += bytes
          if (device === 'ben') ofBen += bytes
          assert.ok(all <= (rate * (nowMs + 250)) / 1000 + bytes + 1)
          assert.ok(ofBen <= (rate * (nowMs + 250)) / 2000 + 50_000 + 1)
        }
      }),
      { numRuns: scaled({ small: 100, full: 1000 }) },
    )
  })

  it('lets through what the rate allows, to whoever waits as long as it is told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), (rate, bytes) => {
        const throttle = new Throttle<string>()
        throttle.setRates(rate, NOBODY, 0)
        let nowMs = 0
        for (let i = 0; i < 20; i++) {
          throttle.take('anna', bytes, nowMs)
          nowMs += throttle.waitMs('anna', nowMs)
          assert.equal(throttle.waitMs('anna', nowMs), 0)
        }
        assert.ok(nowMs <= (20 * bytes * 1000) / rate + 20)
      }),
      { numRuns: scaled({ small: 100, full: 1000 }) },
    )
  })
})
