/** Frames on a byte stream: an unsigned varint with the length (as in multiformats), then so many bytes. */

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

/** Bytes that have arrived and are not taken yet. */
export class FrameBuffer {
  readonly #frameBytesMax: number
  #chunks: Uint8Array[] = []
  #heldBytes = 0
  /** Length of the frame whose header has been read, or undefined between frames. */
  #frameBytes: number | undefined

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax
  }

  /** Bytes that are held. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Bytes that have to be held before the next frame is whole, as far as is known. */
  get neededBytes(): number {
    return this.#frameBytes ?? 1
  }

  /** Whether part of a frame is held. */
  get isInFrame(): boolean {
    return this.#heldBytes > 0 || this.#frameBytes !== undefined
  }

  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes)
    this.#heldBytes += bytes.length
  }

  /** The next whole frame; `too-large` once a header says more than is allowed, or makes no sense. */
  take(): Uint8Array | undefined | 'too-large' {
    this.#frameBytes ??= this.#takeHeader()
    if (this.#frameBytes === undefined) return undefined
    if (this.#frameBytes > this.#frameBytesMax) return 'too-large'
    if (this.#heldBytes < this.#frameBytes) return undefined
    const frame = this.#takeBytes(this.#frameBytes)
    this.#frameBytes = undefined
    return frame
  }

  /** One byte, without a header. */
  takeByte(): number | undefined {
    return this.#heldBytes === 0 ? undefined : this.#takeBytes(1)[0]
  }

  #takeHeader(): number | undefined {
    let length = 0
    const available = Math.min(this.#heldBytes, HEADER_BYTES_MAX)
    for (let i = 0; i < available; i++) {
      const byte = this.#byteAt(i)
      length += (byte & 0x7f) * 0x80 ** i
      if ((byte & 0x80) !== 0) continue
      this.#takeBytes(i + 1)
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

  #takeBytes(count: number): Uint8Array {
    const taken = Buffer.allocUnsafeSlow(count)
    let filled = 0
    let used = 0
    while (filled < count) {
      const chunk = this.#chunks[used]
      if (chunk === undefined) throw new RangeError('bytes that are not held')
      const part = chunk.subarray(0, count - filled)
      taken.set(part, filled)
      filled += part.length
      if (part.length < chunk.length) this.#chunks[used] = chunk.subarray(part.length)
      else used += 1
    }
    this.#chunks.splice(0, used)
    this.#heldBytes -= count
    return new Uint8Array(taken.buffer, 0, count)
  }
}
