/**
 * One stream of /holt/blob/1 to one device: turns tasks into requests and replies into what the tasks asked for. Anything
 * that was not asked for, or more than was asked for, is a fault of the peer.
 */

import type { BlobRefusal, BlobReply, BlobRequest } from '../../protocol/blob-messages.ts'
import { encodeRequest, parseReply } from '../../protocol/blob-messages.ts'
import type { BlobRef } from '../../protocol/chunks.ts'
import { chunkSize } from '../../protocol/chunks.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { HASH_BYTES } from '../../protocol/limits.ts'
import type { OpenAsk } from '../core/end-game.ts'
import type { Patch, Task } from '../core/schedule.ts'
import { bytesIn } from '../core/schedule.ts'
import type { AbortOptions, PeerStream } from '../ports.ts'

/** What of a task did not come: of a run, these chunks. */
export interface Rest {
  readonly task: Task
  readonly chunks?: readonly number[]
}

/** Takes what comes. The promises resolve when the bytes no longer stand in memory. */
export interface Receiver {
  /** A frame of so many bytes is here: the whole of it, so that a rate is not taken from a part. */
  arrived(bytes: number): void
  blob(blob: BlobRef, bytes: Uint8Array): Promise<void>
  chunk(blob: BlobRef, chunkNo: number, bytes: Uint8Array): Promise<void>
  /** What some chunks lack, joined. */
  patch(task: Patch, bytes: Uint8Array): Promise<void>
  /** A part of a chunk list. */
  hashes(blob: BlobRef, first: number, hashes: Uint8Array): void
  refused(rest: Rest, code: BlobRefusal): void
  /** A request was answered for the first time, after so many milliseconds in which nothing else was asked. */
  answered(afterMs: number): void
  /** Bytes that were asked for have been stored or dropped, or will not come: there is room for others. */
  released(bytes: number): void
}

/** A request that another device could be asked for instead. */
export interface Movable extends OpenAsk {
  readonly req: number
  readonly rest: Rest
}

interface Ask {
  readonly req: number
  readonly task: Task
  /** Chunks of a run that have not come. */
  readonly chunks: Set<number>
  /** Blobs of a `many` that have come. */
  blobsDone: number
  /** Bytes that may still come. */
  owedBytes: number
  /** When it was sent, where nothing else was asked then. */
  readonly aloneSinceMs: number | undefined
  isAnswered: boolean
  isCancelled: boolean
}

export class PullLink {
  readonly #stream: PeerStream
  readonly #receiver: Receiver
  readonly #signal: AbortSignal
  readonly #asks = new Map<number, Ask>()
  #lastReq = 0
  #sending: Promise<void> = Promise.resolve()
  /** When the peer last owed nothing or sent something. */
  heardMs: number

  constructor(stream: PeerStream, receiver: Receiver, o: AbortOptions & { readonly nowMs: number }) {
    this.#stream = stream
    this.#receiver = receiver
    this.#signal = o.signal
    this.heardMs = o.nowMs
  }

  /** Requests that have not ended. */
  get askCount(): number {
    return this.#asks.size
  }

  /** Sends the request of a task; returns the bytes that it may bring. */
  ask(task: Task, nowMs: number): number {
    const req = ++this.#lastReq
    const isAlone = this.#asks.size === 0
    if (isAlone) this.heardMs = nowMs
    const owedBytes = taskBytes(task)
    const chunks = task.kind === 'run' ? Array.from({ length: task.count }, (_, i) => task.first + i) : []
    const aloneSinceMs = isAlone ? nowMs : undefined
    const state = { blobsDone: 0, owedBytes, aloneSinceMs, isAnswered: false, isCancelled: false }
    this.#asks.set(req, { req, task, chunks: new Set(chunks), ...state })
    this.#send(requestOf(task, req))
    return owedBytes
  }

  /** Takes back all requests for a large blob. What still comes of them is dropped. */
  cancel(blob: BlobRef): void {
    for (const ask of this.#asks.values()) {
      if (ask.task.kind !== 'many' && ask.task.blob.hash === blob.hash) this.withdraw(ask.req)
    }
  }

  /** Bytes that may still come. */
  get owedBytes(): number {
    let bytes = 0
    for (const ask of this.#asks.values()) bytes += ask.owedBytes
    return bytes
  }

  /** Requests that another device could be asked for instead, the newest first. */
  movable(): Movable[] {
    const asks = [...this.#asks.values()].filter(
      ({ task, isCancelled }) => !isCancelled && (task.kind === 'many' || task.kind === 'run'),
    )
    return asks.reverse().map((ask) => ({ req: ask.req, rest: restOf(ask), owedBytes: ask.owedBytes }))
  }

  /** Takes back one request. What still comes of it is dropped. */
  withdraw(req: number): void {
    const ask = this.#asks.get(req)
    if (ask === undefined || ask.isCancelled) return
    ask.isCancelled = true
    this.#send({ kind: 'cancel', req })
  }

  /** Ends the stream at once: `run` returns or throws. */
  abort(reason: string): void {
    this.#stream.abort(reason)
  }

  /**
   * Reads replies until the stream ends. @throws ProtocolError when the peer breaks the protocol; what the stream throws
   */
  async run(clock: { monotonicMs(): number }): Promise<void> {
    for (;;) {
      const frame = await this.#stream.read({ signal: this.#signal })
      if (frame === undefined) return
      this.heardMs = clock.monotonicMs()
      this.#receiver.arrived(frame.length)
      const stored = this.#take(parseReply(frame), this.heardMs)
      if (stored.length > 0) void Promise.all(stored).finally(() => this.#stream.recycle(frame))
    }
  }

  /** Forgets all requests; returns what of them did not come. */
  settle(): Rest[] {
    const rest: Rest[] = []
    for (const ask of this.#asks.values()) {
      if (!ask.isCancelled) rest.push(restOf(ask))
      this.#receiver.released(ask.owedBytes)
    }
    this.#asks.clear()
    return rest
  }

  #send(request: BlobRequest): void {
    const write = async (): Promise<void> => {
      await this.#stream.write(encodeRequest(request), { signal: this.#signal })
    }
    // A stream that takes no more requests ends, too; `run` tells.
    this.#sending = this.#sending.then(write).catch(() => this.#stream.abort('cannot send'))
  }

  /** Returns what resolves when the bytes of the reply no longer stand in memory. */
  #take(reply: BlobReply, nowMs: number): readonly Promise<void>[] {
    const ask = this.#asks.get(reply.req)
    if (ask === undefined) throw new ProtocolError('out-of-turn', `a reply to request ${reply.req}, which is not open`)
    if (!ask.isAnswered && ask.aloneSinceMs !== undefined) this.#receiver.answered(nowMs - ask.aloneSinceMs)
    ask.isAnswered = true
    switch (reply.kind) {
      case 'chunk':
        return [this.#takeChunk(ask, reply.chunkNo, reply.bytes)]
      case 'blobs':
        return this.#takeBlobs(ask, reply.first, reply.items)
      case 'hashes':
        this.#takeHashes(ask, reply.first, reply.hashes)
        return []
      case 'ranges':
        return [this.#takeRanges(ask, reply.bytes)]
      case 'refused':
        this.#takeRefusal(ask, reply.code)
        return []
    }
  }

  #takeChunk(ask: Ask, chunkNo: number, bytes: Uint8Array): Promise<void> {
    const { task } = ask
    if (task.kind !== 'run' || !ask.chunks.delete(chunkNo)) throw outOfTurn(ask)
    if (bytes.length !== chunkSize(task.blob.sizeBytes, chunkNo)) {
      throw new ProtocolError('bad-field', `chunk ${chunkNo} of blob ${task.blob.hash} has the wrong size`)
    }
    ask.owedBytes -= bytes.length
    if (ask.chunks.size === 0) this.#asks.delete(ask.req)
    return this.#hold(ask, bytes.length, () => this.#receiver.chunk(task.blob, chunkNo, bytes))
  }

  #takeRanges(ask: Ask, bytes: Uint8Array): Promise<void> {
    const { task } = ask
    if (task.kind !== 'patch' || bytes.length !== ask.owedBytes) throw outOfTurn(ask)
    this.#asks.delete(ask.req)
    return this.#hold(ask, bytes.length, () => this.#receiver.patch(task, bytes))
  }

  #takeBlobs(ask: Ask, first: number, items: readonly (Uint8Array | BlobRefusal)[]): Promise<void>[] {
    const { task } = ask
    if (task.kind !== 'many' || first !== ask.blobsDone) throw outOfTurn(ask)
    const blobs = task.blobs.slice(first, first + items.length)
    if (blobs.length < items.length) throw outOfTurn(ask)
    ask.blobsDone += items.length
    if (ask.blobsDone === task.blobs.length) this.#asks.delete(ask.req)
    const stored: Promise<void>[] = []
    for (const [i, blob] of blobs.entries()) {
      const item = items[i]
      ask.owedBytes -= blob.sizeBytes
      if (item instanceof Uint8Array)
        stored.push(this.#hold(ask, blob.sizeBytes, () => this.#receiver.blob(blob, item)))
      else {
        this.#receiver.released(blob.sizeBytes)
        this.#receiver.refused({ task: { kind: 'many', blobs: [blob] } }, item ?? 'missing')
      }
    }
    return stored
  }

  #takeHashes(ask: Ask, first: number, hashes: Uint8Array): void {
    const { task } = ask
    if (task.kind !== 'list' || first !== task.first || hashes.length !== task.count * HASH_BYTES) throw outOfTurn(ask)
    this.#asks.delete(ask.req)
    this.#receiver.released(ask.owedBytes)
    if (!ask.isCancelled) this.#receiver.hashes(task.blob, first, hashes)
  }

  #takeRefusal(ask: Ask, code: BlobRefusal): void {
    if (code === 'cancelled' && !ask.isCancelled) throw outOfTurn(ask)
    this.#asks.delete(ask.req)
    this.#receiver.released(ask.owedBytes)
    if (!ask.isCancelled) this.#receiver.refused(restOf(ask), code)
  }

  /** Lets the receiver store bytes, and says when they are gone from memory. */
  async #hold(ask: Ask, bytes: number, store: () => Promise<void>): Promise<void> {
    try {
      if (!ask.isCancelled) await store()
    } finally {
      this.#receiver.released(bytes)
    }
  }
}

/** The bytes that a task may bring: what counts towards the window. */
export function taskBytes(task: Task): number {
  let bytes = 0
  switch (task.kind) {
    case 'many':
      for (const blob of task.blobs) bytes += blob.sizeBytes
      return bytes
    case 'list':
      return task.count * HASH_BYTES
    case 'run':
      for (let i = 0; i < task.count; i++) bytes += chunkSize(task.blob.sizeBytes, task.first + i)
      return bytes
    case 'patch':
      return bytesIn(task.ranges)
  }
}

/** The bytes that did not come. */
export function restBytes({ task, chunks }: Rest): number {
  if (task.kind !== 'run' || chunks === undefined) return taskBytes(task)
  return chunks.reduce((sum, chunkNo) => sum + chunkSize(task.blob.sizeBytes, chunkNo), 0)
}

function requestOf(task: Task, req: number): BlobRequest {
  switch (task.kind) {
    case 'many':
      return { kind: 'get-many', req, hashes: task.blobs.map(({ hash }) => hash) }
    case 'list':
      return { kind: 'chunks', req, hash: task.blob.hash, first: task.first, count: task.count }
    case 'run':
      return { kind: 'get', req, hash: task.blob.hash, firstChunk: task.first, count: task.count }
    case 'patch':
      return { kind: 'ranges', req, hash: task.blob.hash, ranges: task.ranges }
  }
}

function restOf(ask: Ask): Rest {
  if (ask.task.kind === 'many') return { task: { kind: 'many', blobs: ask.task.blobs.slice(ask.blobsDone) } }
  return ask.task.kind === 'run' ? { task: ask.task, chunks: [...ask.chunks] } : { task: ask.task }
}

function outOfTurn(ask: Ask): ProtocolError {
  return new ProtocolError('out-of-turn', `a reply that request ${ask.req} did not ask for`)
}
