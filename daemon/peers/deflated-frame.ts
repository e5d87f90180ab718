/** Frames of protocols that deflate: the first byte says whether the rest is raw or deflated (RFC 1951). */

import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { PeerError } from './peer-error.ts'

const RAW = 0
const DEFLATED = 1
/** Below this a deflated frame is hardly smaller. */
const DEFLATE_BYTES_MIN = 128
/** Metadata goes to half its size at any level; higher ones only take longer. */
const DEFLATE_LEVEL = 3

const deflate = promisify<Uint8Array, { level: number }, Buffer>(deflateRaw)
const inflate = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflateRaw)

export async function deflateFrame(frame: Uint8Array): Promise<Uint8Array> {
  if (frame.length >= DEFLATE_BYTES_MIN) {
    const small = await deflate(frame, { level: DEFLATE_LEVEL })
    if (small.length < frame.length) return marked(DEFLATED, small)
  }
  return marked(RAW, frame)
}

/** @throws PeerError `too-large`: it inflates to more than `bytesMax`; `gone`: it is no such frame. */
export async function inflateFrame(frame: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  const body = frame.subarray(1)
  if (frame[0] === RAW) {
    if (body.length > bytesMax) throw tooLarge(bytesMax)
    return body
  }
  if (frame[0] !== DEFLATED) throw new PeerError('gone', 'the other side sent a frame of an unknown kind')
  try {
    const frame = await inflate(body, { maxOutputLength: bytesMax })
    return new Uint8Array(frame.buffer, frame.byteOffset, frame.length)
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(bytesMax, { cause })
    throw new PeerError('gone', 'the other side sent a frame that does not inflate', { cause })
  }
}

function marked(mark: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(body.length + 1)
  frame[0] = mark
  frame.set(body, 1)
  return frame
}

function tooLarge(bytesMax: number, options?: ErrorOptions): PeerError {
  return new PeerError('too-large', `a frame may not inflate to more than ${bytesMax} bytes`, options)
}
