/** How the bare programs put files onto a stream: a length, a header, the bytes; a length of nothing ends it. */

import type { Readable } from 'node:stream'

const LENGTH_BYTES = 4

export interface Header {
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
}

export function encodeHeader(header: Header): Buffer {
  const body = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

export function encodeEnd(): Buffer {
  return Buffer.alloc(LENGTH_BYTES)
}

/** Takes bytes of a stream as they are wanted. */
export class ByteReader {
  readonly #parts: AsyncIterator<Buffer>
  #left: Buffer = Buffer.alloc(0)

  constructor(stream: Readable) {
    this.#parts = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  }

  /** Undefined at the end. */
  async header(): Promise<Header | undefined> {
    const length = (await this.exactly(LENGTH_BYTES)).readUInt32BE()
    return length === 0 ? undefined : (JSON.parse(String(await this.exactly(length))) as Header)
  }

  async exactly(length: number): Promise<Buffer> {
    const parts = await this.pieces(length)
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
  }

  /** So many bytes, as they came. */
  async pieces(length: number): Promise<Buffer[]> {
    const parts: Buffer[] = []
    for (let have = 0; have < length;) {
      const part = await this.some(length - have)
      parts.push(part)
      have += part.length
    }
    return parts
  }

  /** From one byte up to `max`. @throws Error at the end */
  async some(max: number): Promise<Buffer> {
    while (this.#left.length === 0) {
      const next = await this.#parts.next()
      if (next.done === true) throw new Error('the stream ended too early')
      this.#left = next.value
    }
    const taken = this.#left.subarray(0, max)
    this.#left = this.#left.subarray(taken.length)
    return taken
  }
}
