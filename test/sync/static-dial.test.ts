/** Addresses that a person gave for a network without multicast. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { STATIC_DIAL_MS, dialStatic } from '../../daemon/sync/static-dial.ts'
import { deviceIdOf } from '../../protocol/ids.ts'

const BEN = deviceIdOf(new Uint8Array(32).fill(2))
const ENOUGH = 'enough'

interface Life {
  readonly addresses?: readonly string[]
  readonly untilMs: number
  /** Whether an address is answered at a time. */
  readonly answers?: (address: string, nowMs: number) => boolean
  readonly isAnyMissing?: (nowMs: number) => boolean
  readonly areDialled?: boolean
  readonly random?: number
}

/** What is dialled when, in a life of which no real time passes. */
async function dialsOf(life: Life): Promise<{ address: string; atMs: number }[]> {
  const { addresses = ['ben.lan:14658'], answers = () => false, isAnyMissing = () => true, random = 255 } = life
  const stop = new AbortController()
  const dials: { address: string; atMs: number }[] = []
  let nowMs = 0
  const ports = {
    transport: {
      dial: (address: string) => {
        dials.push({ address, atMs: nowMs })
        return answers(address, nowMs) ? Promise.resolve(BEN) : Promise.reject(new Error('offline'))
      },
    },
    clock: {
      wallMs: () => nowMs,
      monotonicMs: () => nowMs,
      sleep: (delayMs: number) => {
        nowMs += delayMs
        if (nowMs > life.untilMs) stop.abort(new Error(ENOUGH))
        return stop.signal.aborted ? Promise.reject(new Error(ENOUGH)) : Promise.resolve()
      },
    },
    random: { bytes: (length: number) => new Uint8Array(length).fill(random) },
    log: { event: () => undefined },
    isAnyMissing: () => isAnyMissing(nowMs),
    areDialled: () => life.areDialled ?? false,
  }
  await assert.rejects(dialStatic(ports, addresses, { signal: stop.signal }), new RegExp(ENOUGH))
  return dials
}

describe('static addresses', () => {
  it('are tried for as long as a member is missing, each of them, whatever becomes of the others', async () => {
    const dials = await dialsOf({
      addresses: ['gone.lan', 'ben.lan:14658'],
      untilMs: 10 * 60_000,
      answers: (address) => address !== 'gone.lan',
      isAnyMissing: (nowMs) => nowMs < 1000 || nowMs > 2 * 60_000,
    })
    const late = dials.filter(({ atMs }) => atMs > 60_000)
    assert.ok(late.every(({ atMs }) => atMs > 2 * 60_000))
    assert.deepEqual(new Set(late.map(({ address }) => address)), new Set(['gone.lan', 'ben.lan:14658']))
    assert.deepEqual(
      late.filter((_, i) => i % 2 === 0).map(({ address }) => address),
      late.filter((_, i) => i % 2 === 0).map(() => 'gone.lan'),
    )
  })

  it('are dialled again after 0.1, 0.2, 0.4 … s at first, and later each half minute', async () => {
    const dials = await dialsOf({ untilMs: 10 * 60_000 })
    const times = dials.map(({ atMs }) => atMs)
    const gaps = times.map((atMs, i) => atMs - (times[i - 1] ?? 0))
    assert.deepEqual(gaps.slice(0, 7), [0, 100, 200, 399, 798, 1597, 1600])
    assert.equal(gaps.at(-1), STATIC_DIAL_MS)
    const atLeast = (await dialsOf({ untilMs: 400, random: 0 })).map(({ atMs }) => atMs)
    assert.deepEqual(atLeast, [0, 50, 150, 350])
  })

  it('reach within two seconds who begins to listen in the first minute', async () => {
    for (let fromMs = 0; fromMs < 58_000; fromMs += 250) {
      const dials = await dialsOf({ untilMs: 70_000, random: fromMs % 256 })
      const first = dials.find(({ atMs }) => atMs >= fromMs)
      assert.ok(first !== undefined && first.atMs - fromMs < 2000, `listens from ${fromMs} ms on`)
    }
  })

  it('leave the first try to the addresses where everybody was reached before', async () => {
    const [first] = await dialsOf({ untilMs: 1000, areDialled: true })
    assert.equal(first?.atMs, 100)
  })
})
