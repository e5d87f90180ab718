/** A machine that slept is noticed by its clocks. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '../../daemon/ports.ts'
import { localTime, watchMachine } from '../../daemon/system-clock.ts'

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

describe('the clock on the wall', () => {
  it('shows the time of its zone, also where summer time begins and ends', (t) => {
    const before = process.env['TZ']
    t.after(() => {
      if (before === undefined) delete process.env['TZ']
      else process.env['TZ'] = before
    })
    process.env['TZ'] = 'Europe/Berlin'
    const SUNDAY = 6
    const shown = (time: string): string => {
      const { weekday, minute } = localTime(Date.parse(time))
      assert.equal(weekday, SUNDAY)
      return `${Math.floor(minute / 60)}:${minute % 60}`
    }
    assert.deepEqual(['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z'].map(shown), ['1:59', '3:0'])
    assert.deepEqual(['2026-10-25T00:59:59Z', '2026-10-25T01:00:00Z'].map(shown), ['2:59', '2:0'])
    assert.deepEqual(localTime(Date.parse('2026-11-22T23:30:00Z')), { weekday: 0, minute: 30 })
  })
})
