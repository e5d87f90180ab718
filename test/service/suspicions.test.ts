/** What is remembered of devices that did what no whole device does. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deviceIdOf, parseFolderId } from '../../protocol/ids.ts'
import type { Suspicion, Suspicions } from '../../daemon/service/suspicions.ts'
import { CLOCK_TOLERANCE_MS, openSuspicions } from '../../daemon/service/suspicions.ts'

const BEN = deviceIdOf(new Uint8Array(32).fill(2))
const CLEO = deviceIdOf(new Uint8Array(32).fill(3))
const PHOTOS = parseFolderId('ab'.repeat(16))
const DAY_MS = 24 * 3_600_000

class Desk {
  nowMs = 1000
  readonly told: Suspicion[] = []
  readonly files = new Map<string, Uint8Array>()

  open(): Promise<Suspicions> {
    return openSuspicions({
      clock: { wallMs: () => this.nowMs, monotonicMs: () => this.nowMs, sleep: () => Promise.resolve() },
      state: {
        read: async (name) => this.files.get(name),
        write: async (name, bytes) => void this.files.set(name, bytes),
        remove: async (name) => void this.files.delete(name),
        list: async () => [...this.files.keys()],
      },
      log: { event: () => undefined },
      onNews: (suspicion) => void this.told.push(suspicion),
    })
  }
}

const shown = (suspicions: Suspicions, device = BEN): string[] =>
  suspicions.of(device).map(({ kind, sinceMs, endedMs }) => `${kind} ${sinceMs} ${endedMs ?? '-'}`)

describe('a suspicion', () => {
  it('is told once, kept over a restart, and told again when it is put right', async () => {
    const desk = new Desk()
    const first = await desk.open()
    first.noticed(BEN, 'forked', PHOTOS)
    desk.nowMs = 2000
    first.noticed(BEN, 'forked', PHOTOS)
    await first[Symbol.asyncDispose]()
    const again = await desk.open()
    assert.deepEqual(shown(again), ['forked 1000 -'])
    assert.deepEqual(shown(again, CLEO), [])
    again.noticed(BEN, 'forked', PHOTOS)
    again.over(BEN, 'forked', PHOTOS)
    again.over(BEN, 'forked', PHOTOS)
    assert.deepEqual(shown(again), ['forked 1000 2000'])
    assert.deepEqual(
      desk.told.map(({ endedMs }) => endedMs),
      [null, 2000],
    )
  })

  it('that was put right is shown for a week, and begins anew when it comes again', async () => {
    const desk = new Desk()
    const suspicions = await desk.open()
    suspicions.noticed(BEN, 'rolled-back', PHOTOS)
    suspicions.over(BEN, 'rolled-back', PHOTOS)
    desk.nowMs += 6 * DAY_MS
    assert.equal(shown(suspicions).length, 1)
    desk.nowMs += 2 * DAY_MS
    assert.deepEqual(shown(suspicions), [])
    suspicions.noticed(BEN, 'rolled-back', PHOTOS)
    assert.deepEqual(shown(suspicions), [`rolled-back ${desk.nowMs} -`])
  })

  it('of a clock begins where it is off by minutes, and ends where it is right', async () => {
    const desk = new Desk()
    const suspicions = await desk.open()
    suspicions.clockSeen(BEN, CLOCK_TOLERANCE_MS)
    assert.deepEqual(shown(suspicions), [])
    suspicions.clockSeen(BEN, -CLOCK_TOLERANCE_MS - 1)
    assert.equal(suspicions.of(BEN)[0]?.aheadMs, -CLOCK_TOLERANCE_MS - 1)
    suspicions.clockSeen(BEN, 5)
    assert.deepEqual(shown(suspicions), ['clock 1000 1000'])
  })

  it('goes with its device, and a damaged file costs nothing else', async () => {
    const desk = new Desk()
    const suspicions = await desk.open()
    suspicions.noticed(BEN, 'forked', PHOTOS)
    suspicions.noticed(CLEO, 'forked', PHOTOS)
    suspicions.forget(BEN)
    assert.deepEqual([shown(suspicions).length, shown(suspicions, CLEO).length], [0, 1])
    await suspicions[Symbol.asyncDispose]()
    for (const text of ['no json', '[null,{"device":"x"},7]', '{}']) {
      desk.files.set('suspicions', new TextEncoder().encode(text))
      assert.deepEqual(shown(await desk.open(), CLEO), [])
    }
  })
})
