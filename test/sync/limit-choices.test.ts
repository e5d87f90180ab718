/** Limits that a person has chosen: what holds, and what is kept of it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deviceIdOf } from '../../protocol/ids.ts'
import { UNLIMITED, parseRateLimit } from '../../protocol/rate-limit.ts'
import type { StateFiles } from '../../daemon/ports.ts'
import type { Limits } from '../../daemon/sync/limits.ts'
import { openLimits } from '../../daemon/sync/limits.ts'
import type { LocalTime } from '../../daemon/core/rate-now.ts'

const ANNA = deviceIdOf(new Uint8Array(32).fill(1))
const HOUR = 60
const NOON: LocalTime = { weekday: 0, minute: 12 * HOUR }

interface Bench {
  readonly state: StateFiles
  /** What the clock on the wall shows, and by how much it was set forward. */
  time: LocalTime
  wallMs: number
  nowMs: number
  open(): Promise<Limits>
}

async function bench(): Promise<Bench> {
  const files = new Map<string, Uint8Array>()
  const self: Bench = {
    state: {
      read: (name) => Promise.resolve(files.get(name)),
      write: (name, bytes) => Promise.resolve(void files.set(name, bytes)),
      remove: (name) => Promise.resolve(void files.delete(name)),
      list: () => Promise.resolve([...files.keys()]),
    },
    time: NOON,
    wallMs: 0,
    nowMs: 0,
    open: () =>
      openLimits({
        clock: { wallMs: () => self.wallMs, monotonicMs: () => self.nowMs },
        localTime: () => self.time,
        state: self.state,
        configured: { send: parseRateLimit(['3M']), receive: UNLIMITED },
      }),
  }
  return self
}

describe('limits that were chosen', () => {
  it('hold at once and after a restart, and what is configured holds where nothing was', async () => {
    const b = await bench()
    const limits = await b.open()
    assert.equal(limits.send.rateNow(), 3_000_000)
    await limits.change(undefined, { send: parseRateLimit(['1M', '08:00-18:00 500K']) })
    await limits.change(ANNA, { receive: parseRateLimit(['pause']) })
    for (const each of [limits, await b.open()]) {
      assert.equal(each.send.rateNow(), 500_000)
      assert.equal(each.receive.rateNow(), null)
      assert.equal(each.receive.rateNow(ANNA), 0)
      assert.ok(each.receive.isPaused(ANNA))
      assert.deepEqual(each.devices(), [ANNA])
    }
    await limits.change(undefined, { send: null })
    await limits.change(ANNA, { receive: UNLIMITED })
    for (const each of [limits, await b.open()]) {
      assert.equal(each.send.rateNow(), 3_000_000)
      assert.deepEqual(each.devices(), [])
    }
  })

  it('stay where they are not spoken of', async () => {
    const b = await bench()
    const limits = await b.open()
    await limits.change(ANNA, { send: parseRateLimit(['1M']) })
    await limits.change(ANNA, { receive: parseRateLimit(['2M']) })
    assert.equal((await b.open()).of(ANNA, 'send').bytesPerSecond, 1_000_000)
  })

  it('keep what a newer Holt wrote beside', async () => {
    const b = await bench()
    await b.state.write('limits.json', new TextEncoder().encode('{"total":{},"devices":{},"metered":["home"]}'))
    await (await b.open()).change(undefined, { send: UNLIMITED })
    const text = new TextDecoder().decode(await b.state.read('limits.json'))
    assert.match(text, /"metered": \[\s*"home"\s*\]/)
  })

  it('are not given up unasked where their file is damaged', async () => {
    const b = await bench()
    for (const text of [
      '{',
      '[]',
      '{"total":{"send":"fast"}}',
      '{"total":{"send":["fast"]}}',
      '{"devices":{"x":{}}}',
    ]) {
      await b.state.write('limits.json', new TextEncoder().encode(text))
      await assert.rejects(b.open(), /limits\.json is damaged: restore it, or delete it/, text)
    }
  })

  it('follow a clock that is set, forward or back, within minutes and without a timer', async () => {
    const b = await bench()
    const limits = await b.open()
    await limits.change(undefined, { send: parseRateLimit(['none', '08:00-18:00 pause']) })
    assert.ok(limits.send.isPaused(ANNA))
    assert.ok(limits.send.waitMs(ANNA) <= 5 * 60_000, 'looked at again before long')
    b.time = { weekday: 0, minute: 19 * HOUR }
    b.nowMs += 5 * 60_000
    assert.equal(limits.send.waitMs(ANNA), 0)
    assert.equal(limits.send.isLimited(ANNA), false)
    b.time = NOON
    b.nowMs += 5 * 60_000
    assert.ok(limits.send.isPaused(ANNA))
  })

  it('change on the minute', async () => {
    const b = await bench()
    const limits = await b.open()
    b.time = { weekday: 0, minute: 18 * HOUR - 2 }
    b.wallMs = 15_000
    await limits.change(undefined, { send: parseRateLimit(['none', '08:00-18:00 pause']) })
    assert.equal(limits.send.waitMs(ANNA), 105_000)
    b.time = { weekday: 0, minute: 18 * HOUR }
    b.nowMs += 105_000
    assert.equal(limits.send.waitMs(ANNA), 0)
  })
})
