/** Frames on a byte stream: an unsigned varint with the length (as in multiformats), then so many bytes. */

import { takeFrame } from './frame-memory.ts'

/** A varint of a length up to 2^35: more bytes are never needed. */
const HEADER_BYTES_MAX = 5

/** The header of a frame. */
export function frameHeader(length: number): Uint8Array {
  const bytes: number[] = []
  let rest = length
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/**
 * Bytes that have arrived and are not taken yet. The frame that is arriving is filled as its bytes come, so that the small
 * buffers of the socket die young.
 */
export class FrameBuffer {
  readonly #frameBytesMax: number
  /** What came after the frame that is arriving. */
  #chunks: Uint8Array[] = []
  #queuedBytes = 0
  #frame: Uint8Array | undefined
  #filledBytes = 0
  #isTooLarge = false

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax
  }

  /** Bytes that are held. */
  get heldBytes(): number {
    return this.#queuedBytes + this.#filledBytes
  }

  /** Bytes that have to be held before the next frame is whole, as far as is known. */
  get neededBytes(): number {
    return this.#frame?.length ?? 1
  }

  /** Whether part of a frame is held. */
  get isInFrame(): boolean {
    return this.#queuedBytes > 0 || this.#frame !== undefined
  }

  push(bytes: Uint8Array): void {
    const rest = this.#queuedBytes === 0 ? this.#fill(bytes) : bytes
    if (rest.length === 0) return
    this.#chunks.push(rest)
    this.#queuedBytes += rest.length
  }

  /** The next whole frame; `too-large` once a header says more than is allowed, or makes no sense. */
  take(): Uint8Array | undefined | 'too-large' {
    if (this.#frame === undefined) this.#begin()
    if (this.#isTooLarge) return 'too-large'
    const frame = this.#frame
    if (frame === undefined || this.#filledBytes < frame.length) return undefined
    this.#frame = undefined
    this.#filledBytes = 0
    return frame
  }

  /** One byte, without a header. Only between frames. */
  takeByte(): number | undefined {
    const byte = this.#chunks[0]?.[0]
    if (byte !== undefined) this.#skip(1)
    return byte
  }

  #begin(): void {
    const length = this.#takeHeader()
    if (length === undefined) return
    this.#isTooLarge = length > this.#frameBytesMax
    if (this.#isTooLarge) return
    this.#frame = takeFrame(length)
    while (this.#queuedBytes > 0 && this.#filledBytes < length) {
      const [chunk] = this.#chunks
      if (chunk === undefined) throw new RangeError('bytes that are not held')
      this.#skip(chunk.length - this.#fill(chunk).length)
    }
  }

  /** Fills the frame that is arriving; what is left over is returned. */
  #fill(bytes: Uint8Array): Uint8Array {
    if (this.#frame === undefined) return bytes
    const part = bytes.subarray(0, this.#frame.length - this.#filledBytes)
    this.#frame.set(part, this.#filledBytes)
    this.#filledBytes += part.length
    return bytes.subarray(part.length)
  }

  #takeHeader(): number | undefined {
    let length = 0
    const available = Math.min(this.#queuedBytes, HEADER_BYTES_MAX)
    for (let i = 0; i < available; i++) {
      const byte = this.#byteAt(i)
      length += (byte & 0x7f) * 0x80 ** i
      if ((byte & 0x80) !== 0) continue
      this.#skip(i + 1)
      return length
    }
    return available === HEADER_BYTES_MAX ? Infinity : undefined
  }

  #byteAt(index: number): number {
    let rest = index
    for (const chunk of this.#chunks) {
      const byte = chunk[rest]
      if (byte !== undefined) return byte
      rest -= chunk.length
    }
    throw new RangeError('a byte that is not held')
  }

  #skip(count: number): void {
    this.#queuedBytes -= count
    for (let rest = count; rest > 0;) {
      const [chunk] = this.#chunks
      if (chunk === undefined) throw new RangeError('bytes that are not held')
      if (chunk.length > rest) {
        this.#chunks[0] = chunk.subarray(rest)
        return
      }
      this.#chunks.shift()
      rest -= chunk.length
    }
  }
}
