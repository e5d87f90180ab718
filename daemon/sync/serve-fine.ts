/**
 * Serving fine lists: how a blob that this device holds is cut, for a device that has an older content of it. Cutting reads all
 * that is asked for, so that only a few are cut at a time, one for each device; whoever else asks is told `busy`, and takes plain
 * chunks. What the asker does not read is not cut: the stream's bounded queue holds the cutting up.
 */

import { ProtocolError } from '../../protocol/errors.ts'
import { FINE_BYTES } from '../../protocol/fine-cut.ts'
import type { FineAsk } from '../../protocol/fine-cut.ts'
import type { FineReply, FineRefusal } from '../../protocol/fine-messages.ts'
import { encodeFineReply, parseFineAsk } from '../../protocol/fine-messages.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { FINE_FRAME_CHUNKS_MAX, FINE_SILENCE_MS } from '../../protocol/limits.ts'
import { FINE } from '../../protocol/protocols.ts'
import type { AbortOptions, PeerStream } from '../ports.ts'
import { hasCode, startDeadline } from './deadline.ts'
import { errorCode } from './error-code.ts'
import { FineLists, LIST_BYTES_MAX, joined } from './fine-lists.ts'
import type { LocatedBlob, ServeDeps } from './serve.ts'
import { serveStreams } from './serve-streams.ts'

/** Lists that are made at a time: one device that asks all the time leaves room for another. */
const CUTS_MAX = 2
/** How long an asker may read nothing and ask nothing, in milliseconds: it waits for its own disk in between. */
const IDLE_MS = 6 * FINE_SILENCE_MS

export type FineDeps = Pick<ServeDeps, 'transport' | 'clock' | 'log' | 'locate' | 'mayRead' | 'onStale'>

/** Serves until it is disposed; then all streams end, and the promise resolves when nothing cuts any more. */
export function serveFine(deps: FineDeps): AsyncDisposable {
  const shared = { cutting: new Set<DeviceId>(), lists: new FineLists() }
  const run = (stream: PeerStream, signal: AbortSignal): Promise<void> =>
    new FineSession(stream, deps, shared, signal).run()
  return serveStreams(deps.transport, FINE, run)
}

/** What all sessions have together. */
interface Shared {
  readonly cutting: Set<DeviceId>
  readonly lists: FineLists
}

class FineSession {
  readonly #stream: PeerStream
  readonly #deps: FineDeps
  /** Devices for which a list is being made. */
  readonly #cutting: Set<DeviceId>
  readonly #lists: FineLists
  readonly #signal: AbortSignal

  constructor(stream: PeerStream, deps: FineDeps, { cutting, lists }: Shared, signal: AbortSignal) {
    this.#stream = stream
    this.#deps = deps
    this.#cutting = cutting
    this.#lists = lists
    this.#signal = signal
  }

  /** Answers one ask after another until the asker closes the stream, breaks the protocol, is silent or gone. */
  async run(): Promise<void> {
    try {
      for (let frame = await this.#read(); frame !== undefined; frame = await this.#read()) {
        await this.#answer(parseFineAsk(frame))
      }
      await this.#stream.close()
    } catch (cause) {
      this.#stream.abort('a fault')
      const isTheirFault = cause instanceof ProtocolError || hasCode(cause, 'too-large')
      if (isTheirFault) this.#deps.log.event('fine.refused', { device: this.#stream.remote, reason: String(cause) })
      else if (!this.#signal.aborted && !hasCode(cause, 'gone') && !(cause instanceof Silence)) throw cause
    }
  }

  #read(): Promise<Uint8Array | undefined> {
    return this.#withinTime((o) => this.#stream.read(o))
  }

  #write(reply: FineReply): Promise<void> {
    return this.#withinTime((o) => this.#stream.write(encodeFineReply(reply), o))
  }

  async #withinTime<T>(act: (o: AbortOptions) => Promise<T>): Promise<T> {
    using deadline = startDeadline(this.#deps.clock, IDLE_MS, { signal: this.#signal })
    try {
      return await act({ signal: deadline.signal })
    } catch (cause) {
      throw deadline.isOver ? new Silence() : cause
    }
  }

  async #answer(ask: FineAsk): Promise<void> {
    const device = this.#stream.remote
    const mayRead = this.#deps.mayRead(device, ask.hash)
    const isBusy = this.#cutting.has(device) || this.#cutting.size >= CUTS_MAX
    if (!mayRead || isBusy) {
      await this.#refuse(mayRead ? 'busy' : 'denied')
      return
    }
    this.#cutting.add(device)
    try {
      const located = await this.#deps.locate(ask.hash)
      const end = ask.regions.at(-1)?.end ?? 0
      if (located === undefined || end > located.sizeBytes) await this.#refuse('missing')
      else await this.#cut(located, ask)
    } finally {
      this.#cutting.delete(device)
    }
  }

  async #cut(located: LocatedBlob, { hash, regions, averageBits }: FineAsk): Promise<void> {
    const lists = new FrameFiller((list) => this.#write({ kind: 'fines', list }))
    const code = await this.#cutAll(located, { hash, regions, averageBits }, lists)
    if (code === undefined) {
      await lists.flush()
      await this.#write({ kind: 'end' })
      return
    }
    this.#deps.onStale?.(hash, code)
    await this.#refuse(code)
  }

  /** Returns why the file cannot be cut to its end. */
  async #cutAll(
    located: LocatedBlob,
    { hash, regions, averageBits }: FineAsk,
    lists: FrameFiller,
  ): Promise<FineRefusal | undefined> {
    for (const region of regions) {
      const kept = this.#lists.find(hash, region, averageBits)
      if (kept !== undefined) {
        await lists.add(kept)
        continue
      }
      const parts: Uint8Array[] = []
      let bytes = 0
      const cutting = located.cut(region, averageBits, { signal: this.#signal })[Symbol.asyncIterator]()
      try {
        for (;;) {
          const next = await this.#next(cutting)
          if (typeof next === 'string') return next
          if (next.done === true) break
          bytes += next.value.length
          if (bytes <= LIST_BYTES_MAX) parts.push(next.value)
          await lists.add(next.value)
        }
      } finally {
        await cutting.return?.()
      }
      if (bytes <= LIST_BYTES_MAX) this.#lists.keep(hash, region, averageBits, parts)
    }
    return undefined
  }

  async #next(cutting: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | FineRefusal> {
    try {
      return await cutting.next()
    } catch (cause) {
      const code = errorCode(cause)
      if (this.#signal.aborted || code === undefined) throw cause
      return code === 'changed' ? 'changed' : 'missing'
    }
  }

  #refuse(code: FineRefusal): Promise<void> {
    return this.#write({ kind: 'refused', code })
  }
}

/** The other side neither reads nor asks. */
class Silence extends Error {
  override readonly name = 'Silence'
}

/** Joins short lists, and splits long ones, so that a frame has as many pieces as it may unless nothing more comes soon. */
class FrameFiller {
  readonly #send: (list: Uint8Array) => Promise<void>
  #lists: Uint8Array[] = []
  #bytes = 0

  constructor(send: (list: Uint8Array) => Promise<void>) {
    this.#send = send
  }

  async add(list: Uint8Array): Promise<void> {
    for (let at = 0; at < list.length;) {
      const room = FINE_FRAME_CHUNKS_MAX * FINE_BYTES - this.#bytes
      const part = list.subarray(at, at + room)
      this.#lists.push(part)
      this.#bytes += part.length
      at += part.length
      if (this.#bytes === FINE_FRAME_CHUNKS_MAX * FINE_BYTES) await this.flush()
    }
    // What took a while to cut goes at once: the asker matches it while the next is being cut.
    if (this.#bytes >= EAGER_PIECES * FINE_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#bytes === 0) return
    const list = joined(this.#lists)
    this.#lists = []
    this.#bytes = 0
    await this.#send(list)
  }
}

/** Pieces that are worth a frame of their own. */
const EAGER_PIECES = 128
