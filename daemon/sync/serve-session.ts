/**
 * One stream of /holt/blob/1 at the serving end. Requests wait in two queues, small blobs and chunk lists before chunks of
 * large ones, so that a huge file never holds up a note; the queues are served round-robin, one frame each. The next frame
 * is read from disk while the last one is being sent. Where sending is limited, bytes of files wait at the gate; chunk lists do not.
 */

import type { BlobRefusal, BlobRequest } from '../../protocol/blob-messages.ts'
import { parseRequest, refusedFrame } from '../../protocol/blob-messages.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { BLOB_REQUESTS_OPEN_MAX } from '../../protocol/limits.ts'
import type { PeerStream } from '../ports.ts'
import { hasCode } from './deadline.ts'
import type { SendGate, Sender } from './send-gate.ts'
import { createLatch } from './latch.ts'
import type { AnswerFrame } from './serve-answer.ts'
import { Answer } from './serve-answer.ts'
import type { ServeDeps } from './serve.ts'

/** Refusals that wait to be sent; a peer that causes more without reading them is cut off. */
const REFUSALS_MAX = 2 * BLOB_REQUESTS_OPEN_MAX

export class ServeSession {
  readonly #stream: PeerStream
  readonly #deps: ServeDeps
  readonly #gate: SendGate | undefined
  readonly #sender: Sender
  readonly #ending = new AbortController()
  readonly #signal: AbortSignal
  readonly #latch = createLatch()
  readonly #refusals: Uint8Array[] = []
  /** Requests that have not ended. */
  readonly #open = new Map<number, Answer>()
  /** Of those, the ones that wait for their turn: chunk lists, small blobs, and chunks. */
  #lists: Answer[] = []
  #urgent: Answer[] = []
  #bulk: Answer[] = []
  #lastReq = 0
  #hasEnded = false

  constructor(stream: PeerStream, deps: ServeDeps, gate: SendGate | undefined, signal: AbortSignal) {
    this.#stream = stream
    this.#deps = deps
    this.#gate = gate
    this.#sender = { device: stream.remote, wake: () => this.#latch.raise() }
    this.#signal = AbortSignal.any([signal, this.#ending.signal])
  }

  /** Answers until the asker closes the stream, breaks the protocol or is gone. */
  async run(): Promise<void> {
    const halves = [this.#readAll(), this.#answerAll()]
    try {
      await Promise.all(halves)
      await this.#stream.close()
    } catch (cause) {
      this.#takeFault(cause)
    } finally {
      this.#ending.abort(new Error('the stream has ended'))
      this.#gate?.leave(this.#sender)
      await Promise.allSettled(halves)
    }
  }

  #takeFault(cause: unknown): void {
    const isAborted = this.#signal.aborted
    this.#stream.abort('a fault')
    if (isAborted || hasCode(cause, 'gone')) return
    const isTheirFault = cause instanceof ProtocolError || hasCode(cause, 'too-large')
    if (!isTheirFault) throw cause
    this.#deps.log.event('serve.refused', { device: this.#stream.remote, reason: String(cause) })
  }

  async #readAll(): Promise<void> {
    const o = { signal: this.#signal }
    for (let frame = await this.#stream.read(o); frame !== undefined; frame = await this.#stream.read(o)) {
      this.#take(parseRequest(frame))
      this.#latch.raise()
    }
    this.#hasEnded = true
    this.#latch.raise()
  }

  #take(request: BlobRequest): void {
    const { req } = request
    if (request.kind === 'cancel') {
      this.#cancel(req)
      return
    }
    if (req <= this.#lastReq) throw new ProtocolError('out-of-turn', 'request numbers go up')
    this.#lastReq = req
    if (this.#open.size >= BLOB_REQUESTS_OPEN_MAX) {
      this.#refuse(req, 'busy')
      return
    }
    const answer = new Answer(request, this.#stream.remote, this.#deps)
    this.#open.set(req, answer)
    this.#enqueue(answer)
  }

  #enqueue(answer: Answer): void {
    const queue = answer.isMetadata ? this.#lists : answer.isUrgent ? this.#urgent : this.#bulk
    queue.push(answer)
  }

  /** A request that has ended meanwhile is no fault. */
  #cancel(req: number): void {
    const answer = this.#open.get(req)
    if (answer === undefined) return
    this.#open.delete(req)
    this.#lists = this.#lists.filter((each) => each !== answer)
    this.#urgent = this.#urgent.filter((each) => each !== answer)
    this.#bulk = this.#bulk.filter((each) => each !== answer)
    this.#refuse(req, 'cancelled')
  }

  #refuse(req: number, code: BlobRefusal): void {
    if (this.#refusals.length >= REFUSALS_MAX) throw new ProtocolError('too-large', 'more requests than are answered')
    this.#refusals.push(refusedFrame(req, code))
  }

  /** Undefined: nothing is asked for, or it is not this stream's turn; the latch is raised when it may be. */
  #next(): Answer | undefined {
    const list = this.#lists.shift()
    if (list !== undefined) return list
    if (this.#urgent.length + this.#bulk.length === 0) {
      this.#gate?.leave(this.#sender)
      return undefined
    }
    const turn = this.#gate?.ask(this.#sender) ?? 'go'
    if (turn === 'go') return this.#urgent.shift() ?? this.#bulk.shift()
    if (turn === 'busy') this.#refuseAll()
    return undefined
  }

  /** Who asks is told to come again later, rather than left to take this device for dead. */
  #refuseAll(): void {
    for (const { req } of [...this.#urgent.splice(0), ...this.#bulk.splice(0)]) {
      this.#open.delete(req)
      this.#refuse(req, 'busy')
    }
  }

  async #answerAll(): Promise<void> {
    const o = { signal: this.#signal }
    let sending = Promise.resolve()
    for (;;) {
      const answer = this.#next()
      const frame = await answer?.next(o)
      const isWanted = answer !== undefined && this.#open.has(answer.req)
      if (answer?.isMetadata === false) this.#gate?.took(this.#sender, isWanted ? bytesOf(frame) : 0)
      await sending
      while (this.#refusals[0] !== undefined) {
        await this.#stream.write(this.#refusals[0], o)
        this.#refusals.shift()
      }
      if (answer !== undefined && frame !== undefined && this.#open.has(answer.req)) {
        if (frame.isLast) this.#open.delete(answer.req)
        else this.#enqueue(answer)
        sending = this.#send(frame)
        // Its failure is told when it is waited for.
        sending.catch(() => undefined)
      } else if (answer === undefined) {
        if (this.#hasEnded && this.#open.size === 0) return
        await this.#latch.wait(o)
      }
    }
  }

  async #send({ frame, parts }: AnswerFrame): Promise<void> {
    await this.#stream.write(frame, { signal: this.#signal })
    for (const part of parts) this.#deps.onSent?.(this.#stream.remote, part)
  }
}

function bytesOf(frame: AnswerFrame | undefined): number {
  return frame?.parts.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0
}
