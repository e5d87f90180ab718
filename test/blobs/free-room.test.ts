/** What stays free on a disk, and what was promised once. */

import assert from 'node:assert/strict'
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { FreeRoom } from '../../daemon/blobs/free-room.ts'
import { StoreError } from '../../daemon/blobs/store-error.ts'

const refused = (code: string) => (cause: unknown) => cause instanceof StoreError && cause.code === code
const freeBytes = (): number => statfsSync(tmpdir()).bavail * statfsSync(tmpdir()).bsize

describe('the room on a disk', () => {
  it('is not promised to the last byte: a reserve stays free', async () => {
    const room = new FreeRoom(tmpdir())
    await assert.rejects(room.promise({}, freeBytes()), refused('no-room'))
    await assert.rejects(room.take(freeBytes()), refused('no-space'))
    await room.promise({}, 1_000_000)
    await room.take(1_000_000)
  })

  it('is promised once: what is still to arrive is counted until it has, or is given up', async () => {
    const room = new FreeRoom(tmpdir())
    const [first, second] = [{}, {}]
    const most = freeBytes() * 0.6
    await room.promise(first, most)
    await assert.rejects(room.promise(second, most), refused('no-room'))
    room.release(first)
    await room.promise(second, most)
    room.wrote(second, most)
    await room.promise(first, most)
  })
})
