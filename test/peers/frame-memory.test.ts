/** The memory of large frames, which is used again. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { giveFrame, takeFrame } from '../../daemon/peers/frame-memory.ts'

const MIB = 2 ** 20
/** More than are ever kept. */
const MANY = 20

describe('the memory of a frame', () => {
  it('holds the next one of about its size, once it was given back', () => {
    const frame = takeFrame(MIB)
    giveFrame(frame)
    const next = takeFrame(MIB - 5)
    assert.equal(next.buffer, frame.buffer)
    assert.equal(next.length, MIB - 5)
  })

  it('is lent to one at a time', () => {
    giveFrame(takeFrame(MIB))
    const taken = Array.from({ length: MANY }, () => takeFrame(MIB).buffer)
    assert.equal(new Set(taken).size, MANY)
  })

  it('is of nobody else where the frame is small, and is let go of where many come back', () => {
    const small = takeFrame(100)
    giveFrame(small)
    assert.notEqual(takeFrame(100).buffer, small.buffer)
    const large = Array.from({ length: MANY }, () => takeFrame(2 * MIB))
    for (const frame of large) giveFrame(frame)
    const known = new Set(large.map(({ buffer }) => buffer))
    const again = Array.from({ length: MANY }, () => takeFrame(2 * MIB)).filter(({ buffer }) => known.has(buffer))
    assert.ok(again.length > 0 && again.length < MANY, `${again.length} of ${MANY}`)
  })
})
