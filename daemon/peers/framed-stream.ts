/**
 * Frames over a libp2p stream, bounded in both directions. A reader that does not read stops the window updates of its
 * stream, so the writer at the other end waits in `write`.
 */

import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import type { AbortOptions, PeerStream } from '../ports.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'
import { abortable } from './abortable.ts'
import { Bell } from '../bell.ts'
import { deflateFrame, inflateFrame } from './deflated-frame.ts'
import { FrameBuffer, frameHeader } from './frame-buffer.ts'
import { giveFrame } from './frame-memory.ts'
import { PeerError } from './peer-error.ts'

/** Bytes that are read ahead of the reader before the stream is paused; a larger frame is read to its end. */
const READ_AHEAD_BYTES = 2 * 1024 * 1024
/** What a deflated frame may grow by; a frame on the wire is bounded to this share of the limit. */
const INFLATE_RATIO_MAX = 8
/** Up to this size a copy costs less than a piece more. */
const COPIED_BYTES_MAX = 16 * 1024
/** How long a closed stream may take to bring its last bytes away. */
const CLOSE_MS_MAX = 60_000
/** The first byte of either side. */
const GREETING = 1

export class FramedStream implements PeerStream {
  readonly remote: DeviceId
  readonly protocol: ProtocolSpec
  readonly #stream: Stream
  readonly #incoming: FrameBuffer
  readonly #wireBytesMax: number
  readonly #bell = new Bell()
  #lastWrite: Promise<void> = Promise.resolve()
  #fault: PeerError | undefined
  #closing: Promise<void> | undefined
  #remoteEnded = false
  #isPaused = false
  #isResuming = false

  constructor(stream: Stream, remote: DeviceId, protocol: ProtocolSpec) {
    this.remote = remote
    this.protocol = protocol
    this.#stream = stream
    this.#wireBytesMax = protocol.isDeflated
      ? Math.floor(protocol.frameBytesMax / INFLATE_RATIO_MAX) + 1
      : protocol.frameBytesMax
    this.#incoming = new FrameBuffer(this.#wireBytesMax)
    stream.addEventListener('message', (event) => this.#onMessage(event))
    stream.addEventListener('drain', () => queueMicrotask(() => this.#bell.ring()))
    stream.addEventListener('remoteCloseWrite', () => this.#onRemoteEnd())
    stream.addEventListener('close', (event) => this.#onClose(event))
    this.#remoteEnded = stream.remoteWriteStatus === 'closed'
    if (stream.status !== 'open') this.#fail(new PeerError('gone', 'the stream ended before it began'))
  }

  /**
   * Both sides say one byte before the first frame: first the one that opened the stream, then the one that accepts it. So
   * nothing arrives while libp2p still negotiates, which it would lose, and `open` knows that it was not refused.
   *
   * @throws PeerError `gone` when the other side ends the stream instead
   */
  async greet(o: AbortOptions): Promise<void> {
    if (this.#stream.direction === 'outbound') this.#stream.send(Uint8Array.of(GREETING))
    for (;;) {
      o.signal.throwIfAborted()
      const byte = this.#incoming.takeByte()
      if (byte !== undefined && byte !== GREETING) throw this.#fail(new PeerError('gone', 'not a greeting'))
      if (byte !== undefined) break
      if (this.#fault !== undefined) throw this.#fault
      if (this.#isAtEnd()) throw new PeerError('gone', 'the other side ended the stream before it began')
      await this.#bell.wait(o.signal)
    }
    if (this.#stream.direction === 'inbound') this.#stream.send(Uint8Array.of(GREETING))
  }

  async write(frame: Uint8Array, o: AbortOptions): Promise<void> {
    o.signal.throwIfAborted()
    if (frame.length > this.protocol.frameBytesMax) throw this.#tooLarge(frame.length)
    const sent = this.#lastWrite.then(() => this.#send(frame, o))
    this.#lastWrite = sent.catch(() => undefined)
    return abortable(sent, o.signal)
  }

  async read(o: AbortOptions): Promise<Uint8Array | undefined> {
    for (;;) {
      o.signal.throwIfAborted()
      if (this.#fault !== undefined) throw this.#fault
      const frame = this.#incoming.take()
      if (frame === 'too-large') throw this.#fail(this.#tooLarge())
      const hasResumed = this.#demand()
      if (frame !== undefined) return this.protocol.isDeflated ? this.#inflate(frame) : frame
      if (hasResumed) continue
      if (this.#isAtEnd()) {
        this.#end()
        return undefined
      }
      await this.#bell.wait(o.signal)
    }
  }

  recycle(frame: Uint8Array): void {
    giveFrame(frame)
  }

  async close(): Promise<void> {
    this.#closing ??= this.#lastWrite.then(() => this.#closeStream())
    await this.#closing
  }

  abort(reason: string): void {
    this.#fail(new PeerError('gone', reason))
  }

  async #send(frame: Uint8Array, o: AbortOptions): Promise<void> {
    const body = this.protocol.isDeflated ? await deflateFrame(frame) : frame
    if (body.length > this.#wireBytesMax) throw this.#tooLarge(body.length)
    while (this.#fault === undefined && this.#stream.writableNeedsDrain) await this.#bell.wait(o.signal)
    if (this.#fault !== undefined) throw this.#fault
    o.signal.throwIfAborted()
    if (this.#stream.writeStatus !== 'writable') throw new PeerError('gone', 'the stream is closed')
    for (const part of framed(body)) this.#stream.send(part)
  }

  async #inflate(frame: Uint8Array): Promise<Uint8Array> {
    try {
      return await inflateFrame(frame, this.protocol.frameBytesMax)
    } catch (cause) {
      throw cause instanceof PeerError ? this.#fail(cause) : cause
    }
  }

  #onMessage(event: StreamMessageEvent): void {
    for (const chunk of event.data instanceof Uint8Array ? [event.data] : event.data) this.#incoming.push(chunk)
    this.#throttle()
    this.#bell.ring()
  }

  #onRemoteEnd(): void {
    this.#remoteEnded = true
    this.#bell.ring()
  }

  /** A stream that closes before the other side has ended it was lost, whether that is called an error or not. */
  #onClose(event: StreamCloseEvent): void {
    if (event.error !== undefined || !this.#remoteEnded) {
      this.#fail(new PeerError('gone', 'the stream was lost', { cause: event.error }))
    }
    this.#bell.ring()
  }

  /** Pausing inside `resume` would be undone by it (js-libp2p resumes the window updates after the events). */
  #throttle(): void {
    if (this.#isResuming || this.#isPaused || this.#fault !== undefined) return
    if (this.#incoming.heldBytes < Math.max(READ_AHEAD_BYTES, this.#incoming.neededBytes)) return
    this.#isPaused = true
    this.#stream.pause()
  }

  /** Lets more bytes come when what is held is not enough; they may come at once. Says whether it did. */
  #demand(): boolean {
    if (!this.#isPaused || this.#fault !== undefined) return false
    if (this.#incoming.heldBytes >= Math.max(READ_AHEAD_BYTES / 2, this.#incoming.neededBytes)) return false
    this.#isPaused = false
    this.#isResuming = true
    this.#stream.resume()
    this.#isResuming = false
    this.#throttle()
    return true
  }

  #isAtEnd(): boolean {
    return this.#remoteEnded && this.#stream.readBufferLength === 0
  }

  #end(): void {
    if (this.#incoming.isInFrame) throw this.#fail(new PeerError('gone', 'the stream ended within a frame'))
  }

  async #closeStream(): Promise<void> {
    if (this.#fault !== undefined) return
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(CLOSE_MS_MAX) })
    } catch (cause) {
      this.#fail(new PeerError('gone', 'the stream could not be closed', { cause }))
    }
  }

  #fail(error: PeerError): PeerError {
    if (this.#fault !== undefined) return this.#fault
    this.#fault = error
    this.#stream.abort(error)
    this.#bell.ring()
    return error
  }

  #tooLarge(bytes?: number): PeerError {
    const size = bytes === undefined ? 'a frame' : `a frame of ${bytes} bytes`
    return new PeerError('too-large', `${size} is over the limit of ${this.protocol.id}`)
  }
}

/** A frame with its header: small ones as one piece, large ones without a copy. */
function framed(body: Uint8Array): readonly Uint8Array[] {
  const header = frameHeader(body.length)
  return body.length > COPIED_BYTES_MAX ? [header, body] : [Buffer.concat([header, body])]
}
