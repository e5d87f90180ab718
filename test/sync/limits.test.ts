/** How fast bytes go and come where somebody has chosen a limit: in all, of one device, by the time of day. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeviceId } from '../../protocol/ids.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { RateLimit } from '../../protocol/rate-limit.ts'
import { UNLIMITED, parseRateLimit } from '../../protocol/rate-limit.ts'
import type { DirectionLimits } from '../../daemon/sync/rate-line.ts'
import { NO_LIMITS } from '../../daemon/sync/rate-line.ts'
import type { Known } from './blob-bench.ts'
import { BlobBench } from './blob-bench.ts'

const MB = 1_000_000
const SECOND_MS = 1000
const HOUR_MS = 3_600_000
const LOOK_MS = 100
const PATIENCE_MS = 20 * 60 * SECOND_MS

function inAll(...rules: readonly string[]): DirectionLimits {
  return { total: parseRateLimit(rules), devices: new Map() }
}

function forDevices(...limits: readonly (readonly [DeviceId, RateLimit])[]): DirectionLimits {
  return { total: UNLIMITED, devices: new Map(limits) }
}

/** Virtual milliseconds until all of them have landed. */
async function fetch(bench: BlobBench, ...blobs: readonly Known[]): Promise<number> {
  for (const blob of blobs) bench.want(blob)
  let tookMs = 0
  for (; blobs.some((blob) => !bench.isLanded(blob)) && tookMs < PATIENCE_MS; tookMs += LOOK_MS)
    await bench.world.runFor(LOOK_MS)
  await bench.untilLanded(...blobs)
  return tookMs
}

/** Until everybody is connected. */
const meet = (bench: BlobBench): Promise<unknown> => bench.world.runFor(5_000)

/** A little less than a frame may come before the rate counts; nothing comes faster than it. */
function assertPace(tookMs: number, bytes: number, bytesPerSecond: number): void {
  const [fastest, slowest] = [(bytes - 2 * CHUNK_BYTES) / bytesPerSecond, bytes / bytesPerSecond]
  assert.ok(tookMs >= fastest * SECOND_MS * 0.95, `${tookMs} ms are too few for ${bytes} bytes at ${bytesPerSecond}`)
  assert.ok(
    tookMs <= slowest * SECOND_MS * 1.15 + 500,
    `${tookMs} ms are too many for ${bytes} bytes at ${bytesPerSecond}`,
  )
}

describe('what is received', () => {
  it('comes no faster than the limit, and not much slower, from any number of holders', async () => {
    for (const names of [['anna'], ['anna', 'ben', 'cleo']]) {
      await using bench = new BlobBench(1)
      const blobs = [bench.blob(12 * CHUNK_BYTES), ...Array.from({ length: 300 }, () => bench.blob(20_000))]
      for (const name of names) bench.holder(name, blobs)
      bench.start(inAll('1M'))
      await meet(bench)
      assertPace(await fetch(bench, ...blobs), 12 * CHUNK_BYTES + 300 * 20_000, MB)
    }
  })

  it('comes from a limited device at its own rate, and from others as fast as it goes', async () => {
    await using bench = new BlobBench(2)
    const [slow, fast] = [bench.blob(6 * CHUNK_BYTES), bench.blob(6 * CHUNK_BYTES)]
    const anna = bench.holder('anna', [slow])
    bench.holder('ben', [fast])
    bench.start(forDevices([anna.device.id, parseRateLimit(['1M'])]))
    await meet(bench)
    bench.want(slow)
    assert.ok((await fetch(bench, fast)) <= 1_000)
    assertPace(await fetch(bench, slow), 6 * CHUNK_BYTES, MB)
  })

  it('waits while it is paused, but for what was asked before, and goes on at once afterwards', async () => {
    await using bench = new BlobBench(3, { network: { bytesPerSecond: 4 * MB } })
    const big = bench.blob(40 * CHUNK_BYTES)
    const anna = bench.holder('anna', [big])
    bench.start()
    await meet(bench)
    bench.want(big)
    await bench.until(() => anna.sentBytes > 2 * MB, 'some of it has come')
    bench.line?.setLimits(inAll('pause'))
    await bench.world.runFor(20 * SECOND_MS)
    const sentBytes = anna.sentBytes
    assert.ok(sentBytes < 30 * MB)
    const turns = bench.world.scheduler.turns()
    await bench.world.runFor(HOUR_MS)
    assert.equal(anna.sentBytes, sentBytes)
    assert.ok(bench.world.scheduler.turns() - turns < 3_000, 'a paused hour takes next to no turns')
    bench.line?.setLimits(NO_LIMITS)
    assert.ok((await fetch(bench, big)) <= 12 * SECOND_MS)
    assert.deepEqual(bench.faults, [])
  })

  it('is not held up by a holder that gives nothing of what counted', async () => {
    await using bench = new BlobBench(4)
    const blobs = Array.from({ length: 200 }, () => bench.blob(20_000))
    const liar = bench.holder('anna', blobs, { fault: 'missing' })
    bench.start(inAll('100K'))
    await meet(bench)
    for (const blob of blobs) bench.want(blob)
    await bench.until(() => liar.asked.length > 0, 'it was asked')
    await bench.world.runFor(500)
    const note = bench.blob(100)
    bench.holder('ben', [note])
    await meet(bench)
    assert.ok((await fetch(bench, note)) <= SECOND_MS)
  })
})

describe('what is sent', () => {
  it('goes no faster than the limit, and not much slower', async () => {
    await using bench = new BlobBench(5)
    const blobs = [bench.blob(12 * CHUNK_BYTES), ...Array.from({ length: 300 }, () => bench.blob(20_000))]
    bench.holder('anna', blobs, { send: inAll('1M') })
    bench.start()
    await meet(bench)
    assertPace(await fetch(bench, ...blobs), 12 * CHUNK_BYTES + 300 * 20_000, MB)
    assert.deepEqual(bench.faults, [])
  })

  it('does not hold up chunk lists, which are metadata', async () => {
    await using bench = new BlobBench(6)
    const [big, other] = [bench.blob(4 * CHUNK_BYTES), bench.blob(3 * CHUNK_BYTES)]
    const anna = bench.holder('anna', [big, other], { send: inAll('100K') })
    bench.start()
    await meet(bench)
    bench.want(big)
    await bench.until(() => anna.sentBytes > 0, 'the line is in debt')
    bench.want(other)
    await bench.world.runFor(SECOND_MS)
    assert.equal(anna.asked.filter(({ kind }) => kind === 'chunks').length, 2)
    await bench.until(() => anna.asked.some((each) => each.kind === 'get' && each.hash === other.hash), 'its list came')
    assert.ok(anna.sentBytes <= 2 * CHUNK_BYTES)
  })

  it('is told as busy while it is paused, so that nobody takes the device for dead, and goes on afterwards', async () => {
    await using bench = new BlobBench(7)
    const big = bench.blob(4 * CHUNK_BYTES)
    const anna = bench.holder('anna', [big], { send: inAll('pause') })
    bench.start()
    await meet(bench)
    bench.want(big)
    await bench.world.runFor(10 * 60 * SECOND_MS)
    assert.equal(anna.sentBytes, 0)
    assert.ok(!bench.logged.includes('pull.silent'))
    anna.line?.setLimits(NO_LIMITS)
    assert.ok((await fetch(bench, big)) <= 70 * SECOND_MS)
  })

  it('gets through however low the limit is', async () => {
    await using bench = new BlobBench(8)
    const big = bench.blob(3 * CHUNK_BYTES)
    bench.holder('anna', [big], { send: inAll('8K') })
    bench.start()
    await meet(bench)
    const tookMs = await fetch(bench, big)
    assert.ok(tookMs >= ((2 * CHUNK_BYTES) / 8000) * SECOND_MS - SECOND_MS, `${tookMs} ms`)
    assert.ok(tookMs <= ((3 * CHUNK_BYTES) / 8000) * SECOND_MS + 3 * 60 * SECOND_MS, `${tookMs} ms`)
  })
})

describe('limits by the time of day', () => {
  it('begin and end while something is sent', async () => {
    await using bench = new BlobBench(9, { network: { bytesPerSecond: 20 * MB } })
    const big = bench.blob(40 * CHUNK_BYTES)
    const anna = bench.holder('anna', [big])
    bench.start()
    await meet(bench)
    const minute = Math.floor(anna.device.wall.nowMs() / 60_000) % 1440
    const [from, to] = [minute + 2, minute + 4].map((each) => timeText(each % 1440))
    anna.line?.setLimits(inAll('200K', `${from}-${to} pause`))
    bench.want(big)
    await bench.world.runFor(60 * SECOND_MS)
    assert.ok(anna.sentBytes > 4 * MB && anna.sentBytes < 16 * MB, `${anna.sentBytes}`)
    await bench.world.runFor(60 * SECOND_MS)
    const before = anna.sentBytes
    await bench.world.runFor(60 * SECOND_MS)
    assert.equal(anna.sentBytes, before)
    await bench.world.runFor(3 * 60 * SECOND_MS)
    assert.ok(anna.sentBytes > before + 10 * MB, `${anna.sentBytes - before}`)
  })
})

function timeText(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`
}
