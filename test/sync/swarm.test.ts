/** Several holders of the same bytes, each behind a line of its own: they share the work, and a slow one holds nothing up. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import type { Holder, Known } from './blob-bench.ts'
import { BlobBench } from './blob-bench.ts'

const MB = 1_000_000
/** Long enough that everybody is connected. */
const MEETING_MS = 5_000
const LOOK_MS = 10
const PATIENCE_MS = 300_000

interface Outcome {
  readonly tookMs: number
  readonly sentBytes: readonly number[]
}

/** How long home takes to fetch blobs from holders of all of them, whose lines carry so many bytes a second. */
async function fetch(sizes: readonly number[], speeds: readonly number[]): Promise<Outcome> {
  await using bench = new BlobBench(11, { network: { latencyUs: [2_000, 5_000] } })
  const blobs = sizes.map((size) => bench.blob(size))
  const holders = speeds.map((_, i) => bench.holder(`holder-${i}`, blobs))
  bench.start()
  speeds.forEach((bytesPerSecond, i) => limitLine(bench, holders[i], bytesPerSecond))
  await bench.world.runFor(MEETING_MS)
  return await timed(bench, blobs, holders)
}

function limitLine(bench: BlobBench, holder: Holder | undefined, bytesPerSecond: number): void {
  const link = bench.world.network.link(bench.home.id, holder?.device.id ?? assert.fail())
  link.speed = { ...link.speed, bytesPerSecond }
}

/** Looks every 10 ms: between two events of the world nothing is looked at by itself. */
async function timed(bench: BlobBench, blobs: readonly Known[], holders: readonly Holder[]): Promise<Outcome> {
  for (const blob of blobs) bench.want(blob)
  let tookMs = 0
  for (; bench.landed.length < blobs.length && tookMs < PATIENCE_MS; tookMs += LOOK_MS)
    await bench.world.runFor(LOOK_MS)
  await bench.untilLanded(...blobs)
  return { tookMs, sentBytes: holders.map(({ sentBytes }) => sentBytes) }
}

const times = (count: number, size: number): number[] => Array.from({ length: count }, () => size)
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

describe('two holders behind lines of the same speed', () => {
  const sets: readonly (readonly [string, readonly number[]])[] = [
    ['a large file', [24 * CHUNK_BYTES]],
    ['files of a few chunks', times(8, 3 * CHUNK_BYTES + 5)],
    ['many small files', times(1000, 6_000)],
  ]
  for (const [what, sizes] of sets) {
    it(`give ${what} in not much more than half the time of one, each its share`, async () => {
      const [alone, both] = [await fetch(sizes, [4 * MB]), await fetch(sizes, [4 * MB, 4 * MB])]
      assert.ok(both.tookMs <= 0.62 * alone.tookMs, `${both.tookMs} ms with two, ${alone.tookMs} ms with one`)
      for (const bytes of both.sentBytes) assert.ok(bytes >= sum(sizes) / 3, `${String(both.sentBytes)} bytes`)
      assert.ok(sum(both.sentBytes) <= sum(sizes) * 1.05, `${sum(both.sentBytes)} bytes in all`)
    })
  }
})

describe('a slow holder beside a fast one', () => {
  const sets: readonly (readonly [string, readonly number[]])[] = [
    ['a large file', [24 * CHUNK_BYTES]],
    ['a file of two chunks', [CHUNK_BYTES + 5]],
    ['many small files', times(1000, 6_000)],
  ]
  for (const [what, sizes] of sets) {
    it(`does not keep the last bytes of ${what} waiting`, async () => {
      const [alone, both] = [await fetch(sizes, [4 * MB]), await fetch(sizes, [4 * MB, 0.05 * MB])]
      const slack = 3_000
      assert.ok(
        both.tookMs <= alone.tookMs + slack,
        `${both.tookMs} ms with both, ${alone.tookMs} ms with the fast one`,
      )
    })
  }
})
