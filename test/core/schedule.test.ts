/** Which bytes are asked of whom next. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { BlobRef } from '../../protocol/chunks.ts'
import { chunkCount, chunkSize } from '../../protocol/chunks.ts'
import type { BlobHash, DeviceId } from '../../protocol/ids.ts'
import { deviceIdOf, parseBlobHash, parseChunkListHash } from '../../protocol/ids.ts'
import { BLOB_REQUEST_BYTES_MAX, CHUNK_BYTES, CHUNKS_REPLY_MAX, GET_MANY_MAX } from '../../protocol/limits.ts'
import type { Task } from '../../daemon/core/schedule.ts'
import { Schedule, bytesIn } from '../../daemon/core/schedule.ts'

const [ANNA, BEN, CLEO] = [device(1), device(2), device(3)]
const ALL = [ANNA, BEN, CLEO]
const PLENTY = 16 * CHUNK_BYTES

function device(no: number): DeviceId {
  return deviceIdOf(new Uint8Array(32).fill(no))
}

function blob(no: number, sizeBytes: number): BlobRef {
  const text = no.toString(16).padStart(64, '0')
  return { hash: parseBlobHash(text), sizeBytes, chunks: sizeBytes > CHUNK_BYTES ? parseChunkListHash(text) : null }
}

function scheduleOf(blobs: readonly BlobRef[], holders: readonly DeviceId[] = ALL): Schedule {
  const schedule = new Schedule()
  for (const each of ALL) schedule.setAvailable(each, true)
  for (const each of blobs) schedule.add(each, holders)
  return schedule
}

const countOf = (task: Task | undefined): number => (task?.kind === 'many' ? task.blobs.length : 0)
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Takes the chunk list of a large blob, so that its chunks can be asked for. */
function opened(blob: BlobRef, missing = range(chunkCount(blob.sizeBytes))): Schedule {
  const schedule = scheduleOf([blob])
  assert.equal(schedule.next(ANNA, PLENTY)?.kind, 'list')
  schedule.open(blob.hash, missing)
  return schedule
}

/** What two chunks lack. */
function patchOf(blob: BlobRef, chunkNos: readonly number[], bytes: number): Extract<Task, { kind: 'patch' }> {
  return { kind: 'patch', blob, chunkNos, ranges: chunkNos.map((no) => ({ start: no * CHUNK_BYTES, bytes })) }
}

describe('what some chunks lack', () => {
  it('is asked of the device that told so alone, where there is room for it', () => {
    const large = blob(1, 3 * CHUNK_BYTES)
    const [schedule, task] = [opened(large, []), patchOf(large, [0, 2], 500)]
    schedule.patch(BEN, task)
    assert.deepEqual([schedule.hasWork(ANNA), schedule.hasWork(BEN)], [false, true])
    assert.equal(schedule.next(ANNA, PLENTY), undefined)
    assert.equal(schedule.next(BEN, 999), undefined)
    assert.deepEqual(schedule.next(BEN, 1000), task)
    assert.equal(schedule.next(BEN, PLENTY), undefined)
  })

  it('is asked for whole, of anybody, where it does not come or is taken back', () => {
    const large = blob(1, 5 * CHUNK_BYTES)
    const [schedule, lost, dropped] = [opened(large, []), patchOf(large, [1], 9), patchOf(large, [3, 4], 9)]
    schedule.patch(BEN, lost)
    schedule.patch(BEN, dropped)
    assert.deepEqual(schedule.next(BEN, PLENTY), lost)
    schedule.giveBack(lost)
    assert.deepEqual(schedule.dropPatches(large.hash), [dropped])
    const asked = [schedule.next(ANNA, PLENTY), schedule.next(ANNA, PLENTY)]
    assert.deepEqual(asked, [
      { kind: 'run', blob: large, first: 3, count: 2 },
      { kind: 'run', blob: large, first: 1, count: 1 },
    ])
    assert.equal(schedule.hasWork(BEN), false)
  })

  it('is forgotten with the blob', () => {
    const large = blob(1, 3 * CHUNK_BYTES)
    const schedule = opened(large, [])
    schedule.patch(BEN, patchOf(large, [1], 9))
    schedule.remove(large.hash)
    assert.deepEqual([schedule.hasWork(BEN), schedule.dropPatches(large.hash)], [false, []])
  })
})

describe('a schedule', () => {
  it('asks for small blobs first, together', () => {
    const [large, a, b] = [blob(1, 3 * CHUNK_BYTES), blob(2, 10), blob(3, CHUNK_BYTES)]
    const schedule = scheduleOf([large, a, b])
    assert.deepEqual(schedule.next(ANNA, PLENTY), { kind: 'many', blobs: [a, b] })
    assert.deepEqual(schedule.next(ANNA, PLENTY), { kind: 'list', blob: large, first: 0, count: 3 })
    assert.equal(schedule.next(ANNA, PLENTY), undefined)
  })

  it('keeps a request within its limits and within the room that there is', () => {
    const tiny = scheduleOf(
      range(1500).map((no) => blob(no, 5)),
      [ANNA],
    )
    assert.deepEqual(
      [tiny.next(ANNA, PLENTY), tiny.next(ANNA, PLENTY)].map((task) => (task?.kind === 'many' ? task.blobs.length : 0)),
      [GET_MANY_MAX, 476],
    )
    const full = scheduleOf(
      range(10).map((no) => blob(no, CHUNK_BYTES)),
      [ANNA],
    )
    assert.deepEqual(
      [PLENTY, CHUNK_BYTES * 1.5, CHUNK_BYTES - 1].map((room) => sizeOf(full.next(ANNA, room))),
      [BLOB_REQUEST_BYTES_MAX, CHUNK_BYTES, 0],
    )
  })

  it('shares small blobs out among those who have them, whoever is asked first', () => {
    const schedule = scheduleOf(range(900).map((no) => blob(no, 5)))
    const counts = [ANNA, ANNA, BEN, CLEO, CLEO].map((holder) => countOf(schedule.next(holder, PLENTY)))
    assert.deepEqual(counts, [300, 0, 300, 300, 0])
    const few = scheduleOf(range(20).map((no) => blob(no, 5)))
    assert.equal(countOf(few.next(BEN, PLENTY)), 20)
  })

  it('asks the others for the share of one that is gone', () => {
    const schedule = scheduleOf(
      range(400).map((no) => blob(no, 5)),
      [ANNA, BEN],
    )
    const lost = schedule.next(BEN, PLENTY) ?? assert.fail()
    assert.equal(countOf(schedule.next(ANNA, PLENTY)), 200)
    schedule.setAvailable(BEN, false)
    schedule.giveBack(lost)
    assert.equal(countOf(schedule.next(ANNA, PLENTY)), 200)
  })

  it('gives each holder the next run of missing chunks', () => {
    const big = blob(1, 10 * CHUNK_BYTES - 5)
    const schedule = opened(big, [0, 1, 2, 3, 4, 5, 7, 8, 9])
    const runs = [ANNA, BEN, CLEO, ANNA].map((holder) => schedule.next(holder, 4 * CHUNK_BYTES))
    assert.deepEqual(
      runs.map((task) => (task?.kind === 'run' ? [task.first, task.count] : [])),
      [[0, 4], [4, 2], [7, 3], []],
    )
  })

  it('asks first for what was given back', () => {
    const big = blob(1, 10 * CHUNK_BYTES)
    const schedule = opened(big)
    const task = schedule.next(ANNA, PLENTY) ?? assert.fail()
    schedule.giveBack(task, [1, 3])
    assert.deepEqual(schedule.next(BEN, PLENTY), { kind: 'run', blob: big, first: 1, count: 1 })
    assert.deepEqual(schedule.next(BEN, PLENTY), { kind: 'run', blob: big, first: 3, count: 1 })
    assert.deepEqual(schedule.next(BEN, PLENTY), { kind: 'run', blob: big, first: 4, count: 4 })
  })

  it('takes a chunk list of many parts from one holder, and begins again with the next', () => {
    const vast = blob(1, 40_000 * CHUNK_BYTES)
    const schedule = scheduleOf([vast], [ANNA, BEN])
    const parts = range(3).map(() => schedule.next(ANNA, PLENTY) ?? assert.fail())
    assert.deepEqual(
      parts.map((task) => (task.kind === 'list' ? [task.first, task.count] : [])),
      [
        [0, CHUNKS_REPLY_MAX],
        [CHUNKS_REPLY_MAX, CHUNKS_REPLY_MAX],
        [2 * CHUNKS_REPLY_MAX, 40_000 - 2 * CHUNKS_REPLY_MAX],
      ],
    )
    assert.equal(schedule.next(BEN, PLENTY), undefined)
    for (const part of parts) schedule.giveBack(part)
    assert.deepEqual(schedule.next(BEN, PLENTY), { kind: 'list', blob: vast, first: 0, count: CHUNKS_REPLY_MAX })
  })

  it('opens few blobs of a size at a time, and the smaller ones first', () => {
    const huge = range(5).map((no) => blob(no, 1000 * CHUNK_BYTES))
    const large = range(40).map((no) => blob(100 + no, 2 * CHUNK_BYTES))
    const schedule = scheduleOf([...huge, ...large])
    const started = range(30).map(() => schedule.next(ANNA, PLENTY)?.kind)
    assert.equal(started.filter((kind) => kind === 'list').length, 16 + 2)
    schedule.open(huge[0]?.hash ?? assert.fail(), [0])
    schedule.open(large[0]?.hash ?? assert.fail(), [0])
    assert.equal(hashOf(schedule.next(BEN, PLENTY)), large[0]?.hash)
    assert.equal(hashOf(schedule.next(BEN, PLENTY)), huge[0]?.hash)
  })

  it('does not let blobs that nobody can go on with keep others from being opened', () => {
    const stuck = range(4).map((no) => blob(no, 1000 * CHUNK_BYTES))
    const schedule = scheduleOf(stuck, [ANNA])
    const other = blob(9, 1000 * CHUNK_BYTES)
    while (schedule.next(ANNA, PLENTY) !== undefined);
    schedule.add(other, [BEN])
    assert.equal(schedule.next(BEN, PLENTY), undefined)
    schedule.setAvailable(ANNA, false)
    assert.equal(hashOf(schedule.next(BEN, PLENTY)), other.hash)
  })

  it('does not ask a holder that refused, until it is allowed again', () => {
    const [small, big] = [blob(1, 10), blob(2, 5 * CHUNK_BYTES)]
    const schedule = scheduleOf([small, big], [ANNA])
    for (const { hash } of [small, big]) schedule.refuse(hash, ANNA)
    assert.equal(schedule.hasWork(ANNA), false)
    assert.equal(schedule.isReachable(small.hash), false)
    assert.equal(schedule.next(ANNA, PLENTY), undefined)
    schedule.add(small, [ANNA, BEN])
    assert.equal(hashOf(schedule.next(BEN, PLENTY)), small.hash)
    schedule.allow(big.hash, ANNA)
    assert.equal(schedule.next(ANNA, PLENTY)?.kind, 'list')
    schedule.open(big.hash, [0, 1])
    schedule.refuse(big.hash, ANNA)
    assert.equal(schedule.next(ANNA, PLENTY), undefined)
    schedule.allow(big.hash, ANNA)
    assert.equal(schedule.next(ANNA, PLENTY)?.kind, 'run')
  })

  it('forgets what was removed, whoever gives it back', () => {
    const [small, big] = [blob(1, 10), blob(2, 5 * CHUNK_BYTES)]
    const schedule = scheduleOf([small, big])
    const tasks = range(2).map(() => schedule.next(ANNA, PLENTY) ?? assert.fail())
    for (const { hash } of [small, big]) schedule.remove(hash)
    for (const task of tasks) schedule.giveBack(task)
    assert.equal(schedule.hasWork(ANNA), false)
    assert.equal(schedule.next(ANNA, PLENTY), undefined)
  })
})

describe('a schedule with any holders that lose, refuse and give', () => {
  const size = fc.oneof(fc.integer({ min: 1, max: CHUNK_BYTES }), fc.integer({ min: 1, max: 12 * CHUNK_BYTES }))
  const wants = fc.array(fc.record({ size, holders: fc.subarray(ALL, { minLength: 1 }) }), {
    minLength: 1,
    maxLength: 12,
  })
  const step = fc.record({ who: fc.constantFrom(...ALL), room: fc.integer({ min: 0, max: PLENTY }), fate: fc.nat(9) })

  it('never has two asked for the same bytes, never asks who does not hold them, and gets to the end', () => {
    fc.assert(
      fc.property(wants, fc.array(step, { maxLength: 60 }), (all, steps) => {
        const model = new Model(all.map(({ size: bytes, holders }, no) => [blob(no, bytes), holders]))
        for (const { who, room, fate } of steps) model.step(who, room, fate)
        for (let turn = 0; !model.isDone; turn++) {
          assert.ok(turn < 1000, 'it comes to an end')
          for (const who of ALL) model.step(who, PLENTY, 9)
        }
      }),
    )
  })
})

/** What is out, and what has come, as the rules say. */
class Model {
  readonly #schedule: Schedule
  readonly #blobs = new Map<BlobHash, { blob: BlobRef; holders: readonly DeviceId[]; left: Set<number> | 'unknown' }>()

  constructor(wants: readonly (readonly [BlobRef, readonly DeviceId[]])[]) {
    this.#schedule = scheduleOf([])
    for (const [each, holders] of wants) {
      this.#schedule.add(each, holders)
      this.#blobs.set(each.hash, { blob: each, holders, left: 'unknown' })
    }
  }

  get isDone(): boolean {
    return this.#blobs.size === 0
  }

  /** A holder is asked and, by fate, loses the request (0–3), gives half a run (4, 5), or gives all. */
  step(who: DeviceId, room: number, fate: number): void {
    const task = this.#schedule.next(who, room)
    if (task === undefined) return
    if (task.kind !== 'list') assert.ok(sizeOf(task) <= Math.min(room, BLOB_REQUEST_BYTES_MAX))
    for (const hash of task.kind === 'many' ? task.blobs.map((each) => each.hash) : [task.blob.hash]) {
      assert.ok(this.#blobs.get(hash)?.holders.includes(who), 'only holders are asked')
    }
    if (fate < 4) this.#schedule.giveBack(task)
    else if (task.kind === 'many') for (const each of task.blobs) this.#finish(each)
    else if (task.kind === 'list') this.#open(task.blob)
    else if (task.kind === 'patch') assert.fail('nothing was to be patched')
    else this.#give(task, fate < 6 ? Math.floor(task.count / 2) : task.count)
  }

  #open(each: BlobRef): void {
    const missing = range(chunkCount(each.sizeBytes))
    const known = this.#blobs.get(each.hash) ?? assert.fail()
    assert.equal(known.left, 'unknown')
    known.left = new Set(missing)
    this.#schedule.open(each.hash, missing)
  }

  #give({ blob: each, first, count }: Extract<Task, { kind: 'run' }>, given: number): void {
    const { left } = this.#blobs.get(each.hash) ?? assert.fail()
    assert.ok(left instanceof Set)
    const chunks = range(count).map((i) => first + i)
    for (const chunk of chunks) assert.ok(left.has(chunk), 'no chunk is asked for twice')
    for (const chunk of chunks.slice(0, given)) left.delete(chunk)
    if (given < count) this.#schedule.giveBack({ kind: 'run', blob: each, first, count }, chunks.slice(given))
    if (left.size === 0) this.#finish(each)
  }

  #finish(each: BlobRef): void {
    assert.ok(this.#blobs.delete(each.hash), 'no blob is asked for twice')
    this.#schedule.remove(each.hash)
  }
}

function sizeOf(task: Task | undefined): number {
  if (task === undefined || task.kind === 'list') return 0
  if (task.kind === 'many') return task.blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (task.kind === 'patch') return bytesIn(task.ranges)
  return range(task.count).reduce((sum, i) => sum + chunkSize(task.blob.sizeBytes, task.first + i), 0)
}

function hashOf(task: Task | undefined): BlobHash | undefined {
  if (task === undefined) return undefined
  return task.kind === 'many' ? task.blobs[0]?.hash : task.blob.hash
}
