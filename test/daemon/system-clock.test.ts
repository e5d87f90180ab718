/** A machine that slept is noticed by its clocks. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '../../daemon/ports.ts'
import { watchMachine } from '../../daemon/system-clock.ts'

const MINUTE_MS = 60_000

/** What happens during each of the watch's waits, beyond what it waits for; afterwards the watch ends. */
async function resumesAfter(waits: readonly { readonly wallMs: number; readonly monotonicMs: number }[]) {
  const stop = new AbortController()
  let [wallMs, monotonicMs, wait] = [1_700_000_000_000, 5000, 0]
  const clock: Clock = {
    wallMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    sleep: (delayMs) => {
      const more = waits[wait]
      wait += 1
      if (more === undefined) return Promise.reject(new Error('the test is over'))
      wallMs += delayMs + more.wallMs
      monotonicMs += delayMs + more.monotonicMs
      return Promise.resolve()
    },
  }
  const slept: number[] = []
  const watch = { onResume: (sleptMs: number) => void slept.push(sleptMs), onNetworkChange: () => undefined }
  await assert.rejects(watchMachine(clock, watch, { signal: stop.signal }), /the test is over/)
  return slept
}

describe('the watch over the machine', () => {
  it('notices a sleep during which the monotonic clock stood still, once', async () => {
    const nothing = { wallMs: 0, monotonicMs: 0 }
    assert.deepEqual(await resumesAfter([nothing, { wallMs: MINUTE_MS, monotonicMs: 0 }, nothing]), [MINUTE_MS])
  })

  it('notices a sleep during which the monotonic clock went on, and one with a wall clock that was set back', async () => {
    assert.deepEqual(await resumesAfter([{ wallMs: MINUTE_MS, monotonicMs: MINUTE_MS }]), [MINUTE_MS])
    assert.deepEqual(await resumesAfter([{ wallMs: -MINUTE_MS, monotonicMs: MINUTE_MS }]), [MINUTE_MS])
  })

  it('takes neither a clock that is set right nor a busy machine for a sleep', async () => {
    assert.deepEqual(
      await resumesAfter([
        { wallMs: -MINUTE_MS, monotonicMs: 0 },
        { wallMs: 3000, monotonicMs: 3000 },
        { wallMs: 900, monotonicMs: 0 },
      ]),
      [],
    )
  })
})
