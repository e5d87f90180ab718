/** Frames as they arrive: in any pieces, too large, deflated, or no frames at all. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { deflateFrame, inflateFrame } from '../../daemon/peers/deflated-frame.ts'
import { FrameBuffer, frameHeader } from '../../daemon/peers/frame-buffer.ts'
import { peerError } from '../conformance/peer-network.ts'

const FRAME_BYTES_MAX = 1_000

const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 })

describe('FrameBuffer', () => {
  it('gives the frames that were sent, however their bytes are cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sent, cuts) => {
        const buffer = new FrameBuffer(FRAME_BYTES_MAX)
        const received: Uint8Array[] = []
        for (const piece of pieces(Buffer.concat(sent.flatMap((frame) => [frameHeader(frame.length), frame])), cuts)) {
          buffer.push(piece)
          received.push(...takeAll(buffer))
        }
        assert.deepEqual(
          received,
          sent.map((frame) => new Uint8Array(frame)),
        )
        assert.equal(buffer.isInFrame, false)
        assert.equal(buffer.heldBytes, 0)
      }),
    )
  })

  it('gives the same frames when they are all taken at the end', () => {
    fc.assert(
      fc.property(frames, (sent) => {
        const buffer = new FrameBuffer(FRAME_BYTES_MAX)
        for (const frame of sent) for (const piece of [frameHeader(frame.length), frame]) buffer.push(piece)
        assert.deepEqual(
          takeAll(buffer),
          sent.map((frame) => new Uint8Array(frame)),
        )
      }),
    )
  })

  it('refuses a header over the limit before any byte of the frame has come', () => {
    const buffer = new FrameBuffer(FRAME_BYTES_MAX)
    buffer.push(frameHeader(FRAME_BYTES_MAX + 1))
    assert.equal(buffer.take(), 'too-large')
    const fits = new FrameBuffer(FRAME_BYTES_MAX)
    fits.push(frameHeader(FRAME_BYTES_MAX))
    assert.equal(fits.take(), undefined)
    assert.equal(fits.neededBytes, FRAME_BYTES_MAX)
  })

  it('refuses a header that does not end', () => {
    const buffer = new FrameBuffer(FRAME_BYTES_MAX)
    buffer.push(new Uint8Array(5).fill(0xff))
    assert.equal(buffer.take(), 'too-large')
  })

  it('knows that it is within a frame', () => {
    const buffer = new FrameBuffer(FRAME_BYTES_MAX)
    buffer.push(Uint8Array.of(3, 1))
    assert.equal(buffer.take(), undefined)
    assert.equal(buffer.isInFrame, true)
  })
})

describe('deflated frames', () => {
  it('come back as they were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), fc.integer({ min: 1, max: 9 }), async (bytes, times) => {
        const frame = Buffer.concat(Array.from({ length: times }, () => bytes))
        const wire = await deflateFrame(frame)
        assert.ok(wire.length <= frame.length + 1)
        assert.deepEqual(Buffer.from(await inflateFrame(wire, frame.length)), frame)
      }),
    )
  })

  it('may not inflate to more than the limit', async () => {
    const bomb = Buffer.concat([Buffer.of(1), deflateRawSync(Buffer.alloc(10_000_000))])
    assert.ok(bomb.length < 20_000)
    await assert.rejects(inflateFrame(bomb, 1_000_000), peerError('too-large'))
    await assert.rejects(inflateFrame(Buffer.concat([Buffer.of(0), Buffer.alloc(11)]), 10), peerError('too-large'))
  })

  it('are refused when they are none', async () => {
    await assert.rejects(inflateFrame(Buffer.of(1, 0xff, 0xff, 0xff), 100), peerError('gone'))
    await assert.rejects(inflateFrame(Buffer.of(2, 0), 100), peerError('gone'))
    await assert.rejects(inflateFrame(new Uint8Array(0), 100), peerError('gone'))
  })
})

function takeAll(buffer: FrameBuffer): Uint8Array[] {
  const taken: Uint8Array[] = []
  for (let frame = buffer.take(); frame !== undefined; frame = buffer.take()) {
    assert.notEqual(frame, 'too-large')
    if (typeof frame !== 'string') taken.push(frame)
  }
  return taken
}

function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const cut: Uint8Array[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = cuts[turn % cuts.length] ?? 1
    cut.push(bytes.subarray(at, at + length))
    at += length
  }
  return cut
}
