/**
 * A stream of `/holt/pair/1` as a conversation: one message at a time, a time limit on each step and on the run, and every way
 * in which a run can end as a value.
 */

import { ProtocolError } from '../../protocol/errors.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { PAIR_FRAME_BYTES_MAX, PAIR_RUN_MS, PAIR_STEP_MS } from '../../protocol/limits.ts'
import type { PairMessage, PairRefusal } from '../../protocol/pairing-messages.ts'
import { decodePairMessage, encodePairMessage } from '../../protocol/pairing-messages.ts'
import type { AbortOptions, Clock, PeerStream } from '../ports.ts'
import type { Deadline } from './deadline.ts'
import { hasCode, startDeadline } from './deadline.ts'

/** Why a conversation does not go on. */
export type Stop =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timeout' }
  /** The connection ended, or the other side went away. */
  | { readonly kind: 'lost' }
  /** The other side broke the protocol. */
  | { readonly kind: 'broken'; readonly detail: string }
  /** The other side ended it. */
  | { readonly kind: 'refused'; readonly reason: PairRefusal }

type Told<K> = { readonly message: Extract<PairMessage, { kind: K }>; readonly stop?: never } | Stopped
interface Stopped {
  readonly stop: Stop
}

export class PairChannel implements Disposable {
  readonly #stream: PeerStream
  readonly #clock: Clock
  readonly #outer: AbortSignal
  readonly #run: Deadline

  /** The run's 60 seconds begin here. */
  constructor(stream: PeerStream, clock: Clock, { signal }: AbortOptions) {
    this.#stream = stream
    this.#clock = clock
    this.#outer = signal
    this.#run = startDeadline(clock, PAIR_RUN_MS, { signal })
  }

  /** Who the transport proved the other side to be. */
  get remote(): DeviceId {
    return this.#stream.remote
  }

  [Symbol.dispose](): void {
    this.#run[Symbol.dispose]()
  }

  async send(message: PairMessage): Promise<Stop | undefined> {
    const sent = await this.#step((signal) => this.#stream.write(encodePairMessage(message), { signal }))
    return 'stop' in sent ? sent.stop : undefined
  }

  /** The next message, which must be of this kind. */
  async receive<K extends PairMessage['kind']>(kind: K): Promise<Told<K>> {
    const read = await this.#step((signal) => this.#stream.read({ signal }))
    if ('stop' in read) return read
    if (read.value === undefined) return { stop: { kind: 'lost' } }
    if (kind !== 'welcome' && read.value.length > PAIR_FRAME_BYTES_MAX) return broken('a pairing frame is too large')
    return readMessage(kind, read.value)
  }

  /** Says why, as far as the other side still listens; the caller ends the run. */
  async refuse(reason: PairRefusal): Promise<void> {
    await this.send({ kind: 'refusal', reason })
  }

  async #step<T>(body: (signal: AbortSignal) => Promise<T>): Promise<{ readonly value: T } | Stopped> {
    using step = startDeadline(this.#clock, PAIR_STEP_MS, this.#run)
    try {
      return { value: await body(step.signal) }
    } catch (cause) {
      if (this.#outer.aborted) return { stop: { kind: 'cancelled' } }
      if (step.signal.aborted) return { stop: { kind: 'timeout' } }
      if (hasCode(cause, 'gone')) return { stop: { kind: 'lost' } }
      if (hasCode(cause, 'too-large')) return broken('a pairing frame is too large')
      throw cause
    }
  }
}

function readMessage<K extends PairMessage['kind']>(kind: K, frame: Uint8Array): Told<K> {
  try {
    const message = decodePairMessage(frame)
    if (message.kind === 'refusal') return { stop: { kind: 'refused', reason: message.reason } }
    return isOfKind(message, kind) ? { message } : broken(`a ${message.kind} came where a ${kind} belongs`)
  } catch (cause) {
    if (cause instanceof ProtocolError) return broken(cause.message)
    throw cause
  }
}

function isOfKind<K extends PairMessage['kind']>(
  message: PairMessage,
  kind: K,
): message is Extract<PairMessage, { kind: K }> {
  return message.kind === kind
}

function broken(detail: string): Stopped {
  return { stop: { kind: 'broken', detail } }
}
