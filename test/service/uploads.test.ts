/** How far others are with what they fetch from here. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { AbortOptions, Clock } from '../../daemon/ports.ts'
import type { UploadEvent } from '../../daemon/service/uploads.ts'
import { Uploads } from '../../daemon/service/uploads.ts'
import { blobHashOf, deviceIdOf, folderIdOf } from '../../protocol/ids.ts'

const MIB = 1024 * 1024
const FOLDER = folderIdOf(new Uint8Array(16).fill(1))
const BEN = deviceIdOf(new Uint8Array(32).fill(2))
const CAROL = deviceIdOf(new Uint8Array(32).fill(3))
const LARGE = blobHashOf(new Uint8Array(32).fill(4))
const SMALL = blobHashOf(new Uint8Array(32).fill(5))

/** Sleeps end when the test lets time pass. */
class Time implements Clock {
  nowMs = 1000
  #sleeper: (() => void) | undefined

  wallMs(): number {
    return this.nowMs
  }
  monotonicMs(): number {
    return this.nowMs
  }
  sleep(_: number, { signal }: AbortOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    this.#sleeper = () => resolve(undefined)
    signal.addEventListener('abort', () => reject(new Error('aborted')))
    return promise
  }
  async pass(ms: number): Promise<void> {
    this.nowMs += ms
    this.#sleeper?.()
    await turn()
  }
}

function bench(): { time: Time; uploads: Uploads; events: UploadEvent[] } {
  const time = new Time()
  const events: UploadEvent[] = []
  const uploads = new Uploads({
    clock: time,
    emit: (event) => events.push(event),
  })
  return { time, uploads, events }
}

describe('what other devices fetch from here', () => {
  it('is told with its rate and what is left of what was asked for, each device by itself', async () => {
    const { time, uploads, events } = bench()
    using _ = uploads
    uploads.sent(BEN, { folder: FOLDER, hash: LARGE, bytes: MIB, sizeBytes: 4 * MIB })
    await time.pass(1000)
    uploads.sent(BEN, { folder: FOLDER, hash: LARGE, bytes: MIB, sizeBytes: 4 * MIB })
    uploads.sent(CAROL, { folder: FOLDER, hash: LARGE, bytes: MIB, sizeBytes: 4 * MIB })
    const total = uploads.totals(FOLDER)
    assert.deepEqual(total, {
      ...{ filesDone: 0, filesTotal: 2, bytesDone: 3 * MIB, bytesTotal: 8 * MIB },
      ...{ rate: 3 * MIB, etaMs: 1667 },
    })
    assert.deepEqual(
      uploads.active().map(({ device, file }) => [device, file.bytesDone]),
      [
        [BEN, 2 * MIB],
        [CAROL, MIB],
      ],
    )
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['batch-start', 'file-start', 'file-progress', 'file-start'],
    )
  })

  it('ends with the file, and the batch once nothing was sent for three seconds', async () => {
    const { time, uploads, events } = bench()
    using _ = uploads
    for (let i = 0; i < 2; i += 1) uploads.sent(BEN, { folder: FOLDER, hash: LARGE, bytes: MIB, sizeBytes: 2 * MIB })
    assert.equal(events.at(-1)?.kind, 'file-done')
    assert.deepEqual(uploads.active(), [])
    assert.equal(uploads.totals(FOLDER)?.etaMs, null)
    await time.pass(2999)
    assert.ok(uploads.totals(FOLDER))
    await time.pass(1)
    assert.equal(uploads.totals(FOLDER), undefined)
    assert.equal(events.at(-1)?.kind, 'batch-done')
  })

  it('forgets what a device took elsewhere, or no longer wanted', async () => {
    const { time, uploads } = bench()
    using _ = uploads
    uploads.sent(BEN, { folder: FOLDER, hash: LARGE, bytes: MIB, sizeBytes: 4 * MIB })
    await time.pass(3000)
    assert.deepEqual(uploads.active(), [])
  })

  it('is told in sums only where it is small', () => {
    const { uploads, events } = bench()
    using _ = uploads
    uploads.sent(BEN, { folder: FOLDER, hash: SMALL, bytes: 100, sizeBytes: 100 })
    uploads.sent(BEN, { folder: FOLDER, hash: SMALL, bytes: 100, sizeBytes: 100 })
    assert.equal(uploads.totals(FOLDER)?.filesDone, 2)
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['batch-start'],
    )
  })
})
