/** Waits that may be late end together. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Beats } from '../../daemon/beats.ts'
import { BEAT_MS, createBeats } from '../../daemon/beats.ts'
import { setImmediate as turn } from 'node:timers/promises'

const HOUR_MS = 3_600_000
const NEVER = new AbortController().signal

/** Time that passes when it is told to. */
class Hand {
  nowMs = 137
  /** How often anything woke. */
  rings = 0
  readonly #timers = new Map<object, { atMs: number; ring: () => void }>()

  get timers(): number {
    return this.#timers.size
  }

  beats(): Beats {
    return createBeats({ monotonicMs: () => this.nowMs, after: (delayMs, ring) => this.#after(delayMs, ring) })
  }

  async until(endMs: number): Promise<void> {
    for (;;) {
      const [next] = [...this.#timers].sort(([, a], [, b]) => a.atMs - b.atMs)
      if (next === undefined || next[1].atMs > endMs) break
      const [key, { atMs, ring }] = next
      this.#timers.delete(key)
      this.nowMs = Math.max(this.nowMs, atMs)
      this.rings += 1
      ring()
      await turn()
    }
    this.nowMs = endMs
  }

  #after(delayMs: number, ring: () => void): Disposable {
    const key = {}
    this.#timers.set(key, { atMs: this.nowMs + delayMs, ring })
    return { [Symbol.dispose]: () => void this.#timers.delete(key) }
  }
}

describe('waits that may be late', () => {
  it('have one timer, and wake the machine at most once in two seconds however many there are', async () => {
    const hand = new Hand()
    const beats = hand.beats()
    const looks = new Map<number, number>()
    const look = async (everyMs: number, slackMs: number): Promise<void> => {
      for (;;) {
        await beats.next(everyMs, slackMs, NEVER)
        looks.set(everyMs, (looks.get(everyMs) ?? 0) + 1)
      }
    }
    for (let folder = 0; folder < 20; folder += 1) void look(10_000 + folder, 2000)
    for (const everyMs of [1000, 1001, 1500]) void look(everyMs, 1000)
    await hand.until(HOUR_MS / 2)
    assert.ok(hand.timers <= 6, `${hand.timers} timers for 23 waits`)
    await hand.until(HOUR_MS)
    assert.ok(hand.rings <= HOUR_MS / BEAT_MS, `${hand.rings} times awake in an hour`)
    assert.equal(looks.get(1000), HOUR_MS / BEAT_MS)
    assert.ok((looks.get(10_000) ?? 0) >= HOUR_MS / 12_000)
  })

  it('are never early, and never later than they may be', async () => {
    const hand = new Hand()
    const beats = hand.beats()
    for (const delayMs of [0, 1, 863, 1000, 1863, 1864, 2500, 7000]) {
      for (const slackMs of [0, 500, 1999, 2000, 60_000]) {
        const beganMs = hand.nowMs
        const waiting = beats.next(delayMs, slackMs, NEVER)
        if (waiting === undefined) {
          assert.ok(slackMs < BEAT_MS, 'there is always a beat in two seconds')
          continue
        }
        const ended = waiting.then(() => hand.nowMs)
        await hand.until(beganMs + delayMs + slackMs)
        const tookMs = (await ended) - beganMs
        assert.ok(tookMs >= delayMs && tookMs <= delayMs + slackMs, `${tookMs} ms instead of ${delayMs} + ${slackMs}`)
        hand.nowMs += 333
      }
    }
  })

  it('end with their signal, and take the timer with them that nobody else waits for', async () => {
    const hand = new Hand()
    const beats = hand.beats()
    const [stop, other] = [new AbortController(), new AbortController()]
    const both = [beats.next(1000, 1000, stop.signal), beats.next(1000, 1000, other.signal)]
    assert.equal(hand.timers, 1)
    stop.abort(new Error('no longer'))
    await assert.rejects(Promise.resolve(both[0]), /no longer/)
    assert.equal(hand.timers, 1)
    other.abort(new Error('no longer either'))
    await assert.rejects(Promise.resolve(both[1]), /no longer either/)
    assert.equal(hand.timers, 0)
    await assert.rejects(Promise.resolve(beats.next(1000, 1000, stop.signal)), /no longer/)
    assert.equal(hand.timers, 0)
  })
})
