/** How far ahead to ask one peer. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createWindow } from '../../daemon/core/window.ts'
import { BLOB_WINDOW_BYTES_MAX, BLOB_WINDOW_BYTES_MIN } from '../../protocol/limits.ts'

const MIB = 1024 * 1024

/** The window after a second of this rate. */
function windowAt(bytesPerMs: number, roundTripMs: number): number {
  const window = createWindow(0)
  window.answered(roundTripMs)
  for (let ms = 10; ms <= 1000; ms += 10) window.arrived(bytesPerMs * 10, ms)
  return window.sizeBytes
}

describe('a window', () => {
  it('grows with the rate and with the round trip', () => {
    assert.equal(windowAt(100, 1), BLOB_WINDOW_BYTES_MIN)
    assert.ok(windowAt(100_000, 5) > 4 * MIB && windowAt(100_000, 5) < 8 * MIB)
    assert.ok(windowAt(12_000, 100) > windowAt(12_000, 10))
    assert.equal(windowAt(1_000_000, 20), BLOB_WINDOW_BYTES_MAX)
  })

  it('holds more than what a line has on its way, so that the line is never idle', () => {
    for (const [rate, roundTrip] of [
      [100_000, 10],
      [10_000, 150],
      [1_000, 300],
    ] as const) {
      assert.ok(windowAt(rate, roundTrip) >= 2 * rate * roundTrip)
    }
  })

  it('stays between its bounds, whatever is measured', () => {
    const step = fc.record({ bytes: fc.nat(1e9), afterMs: fc.nat(1000), roundTripMs: fc.option(fc.nat(10_000)) })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const window = createWindow(0)
        let nowMs = 0
        for (const { bytes, afterMs, roundTripMs } of steps) {
          nowMs += afterMs
          if (roundTripMs !== null) window.answered(roundTripMs)
          window.arrived(bytes, nowMs)
          assert.ok(window.sizeBytes >= BLOB_WINDOW_BYTES_MIN && window.sizeBytes <= BLOB_WINDOW_BYTES_MAX)
        }
      }),
    )
  })

  it('forgets a good hour slowly and a bad second quickly', () => {
    const window = createWindow(0)
    window.answered(10)
    for (let ms = 100; ms <= 1000; ms += 100) window.arrived(5 * MIB, ms)
    const before = window.sizeBytes
    window.arrived(0, 1100)
    assert.ok(window.sizeBytes > before / 2)
    window.arrived(5 * MIB, 1200)
    assert.equal(window.sizeBytes, before)
  })
})
