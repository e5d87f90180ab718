/** Addresses that a person gave for a network without multicast. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { STATIC_DIAL_MS, dialStatic } from '../../daemon/sync/static-dial.ts'
import { deviceIdOf } from '../../protocol/ids.ts'

const BEN = deviceIdOf(new Uint8Array(32).fill(2))

describe('static addresses', () => {
  it('are tried for as long as a member is missing, each of them, whatever becomes of the others', async () => {
    const stop = new AbortController()
    const dialled: string[] = []
    const waits: number[] = []
    const running = dialStatic(
      {
        transport: {
          dial: (address) => {
            dialled.push(address)
            return address === 'gone.lan' ? Promise.reject(new Error('offline')) : Promise.resolve(BEN)
          },
        },
        clock: {
          wallMs: () => 0,
          monotonicMs: () => 0,
          sleep: (ms) => {
            waits.push(ms)
            if (waits.length === 3) stop.abort(new Error('enough'))
            return stop.signal.aborted ? Promise.reject(new Error('enough')) : Promise.resolve()
          },
        },
        log: { event: () => undefined },
        isAnyMissing: () => waits.length !== 1,
      },
      ['gone.lan', 'ben.lan:14658'],
      { signal: stop.signal },
    )
    await assert.rejects(running, /enough/)
    assert.deepEqual(dialled, ['gone.lan', 'ben.lan:14658', 'gone.lan', 'ben.lan:14658'])
    assert.deepEqual(new Set(waits), new Set([STATIC_DIAL_MS]))
  })
})
