/**
 * What a change costs in a group of many devices. Each device says to each other what it holds, since whoever lacks it asks any of
 * them: so one change takes n(n-1) pushes, as many acknowledgements, and each blob comes to each device once. Nothing beside that.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeMetaMessage } from '../../protocol/meta-messages.ts'
import { META } from '../../protocol/protocols.ts'
import { recordFigure } from '../figures.ts'
import { scaled } from '../scale.ts'
import { isEqual } from '../sim/judge.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

const DEVICES = scaled({ small: 8, full: 20 })
/** Of one push: a signed head and a segment of one entry, whose vector names every device at most. */
const PUSH_BYTES = 600 + 8 * DEVICES + 40 * DEVICES
const ACK_BYTES = 40
const STEP_MS = 20
const PATIENCE_MS = 60_000

/** Messages by kind, blobs apart, and what they took; pings are left out. */
class Counted {
  readonly messages = new Map<string, number>()
  bytes = 0
  blobFrames = 0
  /** Until all was the same, in virtual milliseconds. */
  tookMs = 0

  of(kind: string): number {
    return this.messages.get(kind) ?? 0
  }

  get all(): number {
    return [...this.messages.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Nobody is asked, or told twice, while everybody is there. */
  isOnlyOf(...kinds: readonly string[]): void {
    const others = [...this.messages.keys()].filter((kind) => !kinds.includes(kind))
    assert.deepEqual(others, [])
  }
}

/** Many devices with one folder, which are the same and at rest. */
async function gather(bench: FolderBench): Promise<Place[]> {
  const places = Array.from({ length: DEVICES }, (_, i) => bench.place(`device ${i}`))
  places[0]?.write('first.txt', 'hello')
  await bench.until('all have it', () => places.every((each) => each.read('first.txt') === 'hello') && isSame(places))
  await bench.world.runFor(15_000)
  return places
}

function isSame(places: readonly Place[]): boolean {
  return isEqual(
    places.map(({ daemon }) => daemon),
    FOLDER,
  )
}

/** Lets something happen, until all devices are the same and nothing is said any more. */
async function count(bench: FolderBench, places: readonly Place[], happens: () => void): Promise<Counted> {
  const counted = new Counted()
  bench.world.network.corrupt = (_, frame, protocol) => {
    const kind = protocol === META ? decodeMetaMessage(frame).kind : 'blob'
    if (kind === 'ping') return frame
    counted.bytes += kind === 'blob' ? 0 : frame.length
    if (kind === 'blob') counted.blobFrames += 1
    else counted.messages.set(kind, counted.of(kind) + 1)
    return frame
  }
  happens()
  const beganMs = bench.world.scheduler.nowMs()
  // What is to happen has to be noticed first.
  do await bench.world.runFor(STEP_MS)
  while (counted.all === 0 || !isSame(places) || bench.world.scheduler.nowMs() - beganMs < STEP_MS * 10)
  counted.tookMs = Math.round(bench.world.scheduler.nowMs() - beganMs)
  assert.ok(counted.tookMs < PATIENCE_MS)
  await bench.world.runFor(5000)
  bench.world.network.corrupt = (_, frame) => frame
  assert.ok(isSame(places))
  return counted
}

const PAIRS = DEVICES * (DEVICES - 1)

describe('a group of many devices', () => {
  it('takes n(n-1) pushes for an edit, as many acknowledgements, and each blob once for each device', async () => {
    await using bench = createFolderBench(1)
    const places = await gather(bench)
    const edit = await count(bench, places, () => places[3]?.write('first.txt', 'an edit'))
    assert.ok(places.every((each) => each.read('first.txt') === 'an edit'))
    edit.isOnlyOf('segments', 'ack')
    assert.deepEqual([edit.of('segments'), edit.of('ack')], [PAIRS, PAIRS])
    assert.equal(edit.blobFrames, 2 * (DEVICES - 1), 'a question and an answer each')
    assert.ok(edit.bytes <= PAIRS * (PUSH_BYTES + ACK_BYTES), `${edit.bytes} bytes`)
    assert.ok(edit.tookMs <= 1000, `${edit.tookMs} ms`)

    const editors = places.slice(0, 2)
    const both = await count(bench, places, () => {
      for (const [i, place] of editors.entries()) place.write('first.txt', `edit ${i}`)
    })
    both.isOnlyOf('segments', 'ack')
    // Each of the two, how each device settles it, and what each makes of how the others did.
    assert.ok(both.of('segments') <= (2 + 2 * DEVICES) * (DEVICES - 1), `${both.of('segments')} pushes`)
    assert.ok(both.of('ack') <= both.of('segments'))
    assert.ok(both.blobFrames <= 2 * 2 * DEVICES, `${both.blobFrames} frames of blobs`)
    assert.ok(both.bytes <= both.of('segments') * (2 * PUSH_BYTES + ACK_BYTES), `${both.bytes} bytes`)
    record({ 'one edit': edit, 'two concurrent edits of one file': both })
  })

  it('needs no more after a partition than what each half has to tell the other', async () => {
    await using bench = createFolderBench(2)
    const places = await gather(bench)
    const half = DEVICES / 2
    const [left, right] = [places.slice(0, half), places.slice(half)]
    for (const a of left) for (const b of right) bench.world.network.cut(a.device.id, b.device.id)
    await bench.world.runFor(30_000)
    left[0]?.write('left.txt', 'of the left')
    right[0]?.write('right.txt', 'of the right')
    left[0]?.write('first.txt', 'left')
    right[0]?.write('first.txt', 'right')
    await bench.world.runFor(30_000)
    const healed = await count(bench, places, () => bench.world.network.healAll())
    assert.ok(places.every((each) => each.read('left.txt') === 'of the left' && each.read('right.txt') !== undefined))
    healed.isOnlyOf('hello', 'head', 'want', 'segments', 'ack')
    const across = 2 * half * half
    assert.equal(healed.of('hello'), across, 'one for each side of a session')
    assert.ok(healed.of('want') + healed.of('head') <= across + DEVICES, `${healed.of('want')} questions`)
    assert.ok(healed.of('segments') <= across + 2 * PAIRS, `${healed.of('segments')} pushes and answers`)
    // One file that is new, and one of the two contents of the other, for each device.
    assert.ok(healed.blobFrames <= 2 * 2 * DEVICES, `${healed.blobFrames} frames of blobs`)
    assert.ok(healed.tookMs <= 5000, `${healed.tookMs} ms`)
    record({ 'a healed partition': healed })
  })
})

function record(all: Readonly<Record<string, Counted>>): void {
  const name = 'a healed partition' in all ? 'many-devices-partition' : 'many-devices'
  const figures = Object.entries(all).flatMap(
    ([what, { all: messages, bytes, blobFrames, tookMs }]): [string, number][] => [
      [`${what}: messages`, messages],
      [`${what}: frames of blobs`, blobFrames],
      [`${what}: bytes of messages`, bytes],
      [`${what}: virtual milliseconds`, tookMs],
    ],
  )
  recordFigure(name, { devices: DEVICES, ...Object.fromEntries(figures) })
}
