/** One end of a stream: frames in order, as many under way as a window allows, and none after a fault. */

import type { AbortOptions, PeerStream } from '../../daemon/ports.ts'
import { PeerError } from '../../daemon/peers/peer-error.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'
import { onAbort, reasonOf } from './abort.ts'
import type { Endpoint } from './net-endpoint.ts'
import type { Connection } from './net-link.ts'

/** What a frame costs on the wire besides its bytes. */
const FRAME_OVERHEAD_BYTES = 12

interface Waiter<T> {
  resolve(value: T): void
  reject(error: Error): void
}

const GARBAGE = 0xdd

export class SimStream implements PeerStream {
  /** Called when this end fails. */
  onGone: () => void = () => undefined
  readonly remote: DeviceId
  readonly protocol: ProtocolSpec
  readonly #end: Endpoint
  readonly #connection: Connection
  /** Bytes that may be written and not yet read; the reader tells of every quarter that it took. */
  readonly #windowBytes: number
  #far: SimStream | undefined
  #inbox: Uint8Array[] = []
  #unreadBytes = 0
  #takenBytes = 0
  readonly #readers: Waiter<Uint8Array | undefined>[] = []
  readonly #writers: Waiter<void>[] = []
  /** Both sides have closed, or this one has failed. */
  #state: 'open' | 'closed' | 'gone' = 'open'
  #isEnded = false
  #fault = ''

  constructor(end: Endpoint, connection: Connection, protocol: ProtocolSpec) {
    this.#end = end
    this.#connection = connection
    this.remote = connection.other(end).self
    this.protocol = protocol
    this.#windowBytes = connection.link.speed.windowBytes
    connection.streams.add(this)
  }

  /** Joins the two ends. */
  connect(far: SimStream): void {
    this.#far = far
    far.#far = this
  }

  isAt(end: Endpoint): boolean {
    return this.#end === end
  }

  get isOver(): boolean {
    return this.#state === 'gone' || (this.#state === 'closed' && this.#isEnded)
  }

  async write(frame: Uint8Array, { signal }: AbortOptions): Promise<void> {
    if (frame.length > this.protocol.frameBytesMax) {
      throw new PeerError('too-large', `${frame.length} bytes are over the limit of ${this.protocol.id}`)
    }
    const bytes = this.#end.corrupt(frame.slice(), this.protocol)
    signal.throwIfAborted()
    while (this.#state === 'open' && this.#isFull(bytes.length)) await this.#wait(this.#writers, signal)
    if (this.#state !== 'open') throw this.#goneError()
    this.#unreadBytes += bytes.length
    this.#toFar(bytes.length + FRAME_OVERHEAD_BYTES, (far) => {
      far.#receive(bytes)
    })
  }

  async read({ signal }: AbortOptions): Promise<Uint8Array | undefined> {
    signal.throwIfAborted()
    if (this.#state === 'gone') throw this.#goneError()
    const frame = this.#inbox.shift()
    if (frame !== undefined) {
      this.#acknowledge(frame.length)
      return frame
    }
    return this.#isEnded ? undefined : this.#wait(this.#readers, signal)
  }

  /** Whoever still uses it sees that the memory has gone to another. */
  recycle(frame: Uint8Array): void {
    frame.fill(GARBAGE)
  }

  close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closed'
      this.#toFar(0, (far) => {
        far.#receiveEnd()
      })
      this.#settleWriters()
      this.#forgetWhenOver()
    }
    return Promise.resolve()
  }

  abort(reason: string): void {
    if (this.isOver) return
    this.#toFar(0, (far) => {
      far.fail(`the other side ended it: ${reason}`)
    })
    this.fail(reason)
  }

  /** Ends this end as a fault, unless both sides had ended it before. */
  fail(reason: string): void {
    if (this.isOver) return
    this.#state = 'gone'
    this.#fault = reason
    this.#inbox = []
    for (const reader of this.#readers.splice(0)) reader.reject(this.#goneError())
    this.#settleWriters()
    this.#forgetWhenOver()
    this.onGone()
  }

  /** The connection is lost. What had come whole, with its end, can still be read. */
  lose(reason: string): void {
    if (!this.#isEnded) this.fail(reason)
    else if (this.#state === 'open') {
      this.#state = 'closed'
      this.#settleWriters()
    }
  }

  #receive(bytes: Uint8Array): void {
    if (this.#state === 'gone') return
    const reader = this.#readers.shift()
    if (reader === undefined) {
      this.#inbox.push(bytes)
      return
    }
    this.#acknowledge(bytes.length)
    reader.resolve(bytes)
  }

  #receiveEnd(): void {
    this.#isEnded = true
    if (this.#state !== 'gone') for (const reader of this.#readers.splice(0)) reader.resolve(undefined)
    this.#forgetWhenOver()
  }

  #acknowledge(bytes: number): void {
    this.#takenBytes += bytes
    if (this.#takenBytes < this.#windowBytes / 4) return
    const taken = this.#takenBytes
    this.#takenBytes = 0
    this.#toFar(0, (far) => {
      far.#makeRoom(taken)
    })
  }

  #makeRoom(bytes: number): void {
    this.#unreadBytes -= bytes
    this.#settleWriters()
  }

  #toFar(bytes: number, deliver: (far: SimStream) => void): void {
    const arrive = (): void => {
      if (this.#far !== undefined) deliver(this.#far)
    }
    this.#connection.send(this.#end, bytes, arrive, this)
  }

  /** A frame larger than the window passes when little else is under way. */
  #isFull(bytes: number): boolean {
    return this.#unreadBytes >= this.#windowBytes / 4 && this.#unreadBytes + bytes > this.#windowBytes
  }

  #settleWriters(): void {
    for (const writer of this.#writers.splice(0)) writer.resolve()
  }

  #forgetWhenOver(): void {
    if (this.isOver) this.#connection.streams.delete(this)
  }

  #wait<T>(waiters: Waiter<T>[], signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const listening = onAbort(signal, this.#end.life, () => {
        const at = waiters.indexOf(waiter)
        if (at >= 0) waiters.splice(at, 1)
        reject(reasonOf(signal))
      })
      const waiter: Waiter<T> = {
        resolve: (value) => {
          listening[Symbol.dispose]()
          resolve(value)
        },
        reject: (error) => {
          listening[Symbol.dispose]()
          reject(error)
        },
      }
      waiters.push(waiter)
    })
  }

  #goneError(): PeerError {
    return new PeerError('gone', `the stream ${this.protocol.id} is over: ${this.#fault || 'closed'}`)
  }
}
