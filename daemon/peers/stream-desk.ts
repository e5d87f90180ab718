/** Opens and accepts streams: which protocols there are, who may speak them, and which streams are open. */

import type { Connection, Stream } from '@libp2p/interface'
import type { AbortOptions, Log, PeerStream } from '../ports.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { ProtocolSpec } from '../../protocol/protocols.ts'
import { laterMajors } from '../../protocol/protocols.ts'
import { FramedStream } from './framed-stream.ts'
import { deviceOf } from './identity.ts'
import { PeerError } from './peer-error.ts'

/** Streams that one device may open towards us on one protocol. */
export const INBOUND_STREAMS_MAX = 64
/** Streams that devices which are no members may have open, each and together. */
const STRANGER_STREAMS_MAX = 4
const STRANGERS_STREAMS_MAX = 16
/** From asking for a stream until it is accepted. */
const OPEN_MS_MAX = 10_000

/** Whether a device that does not take a protocol takes a later major of it. Several are offered, so that it has to say. */
async function speaksLater(connection: Connection, { id }: ProtocolSpec, signal: AbortSignal): Promise<boolean> {
  try {
    const stream = await connection.newStream(laterMajors(id), { signal })
    stream.abort(new PeerError('newer', 'it was only asked'))
    return true
  } catch {
    // Whatever it answers, it does not speak them.
    return false
  }
}

export interface StreamDeskInit {
  readonly isMember: (device: DeviceId) => boolean
  readonly log: Log
}

export class StreamDesk {
  readonly #init: StreamDeskInit
  readonly #streams = new Set<FramedStream>()

  constructor(init: StreamDeskInit) {
    this.#init = init
  }

  /** @throws PeerError `refused`; `newer`; `offline` when the connection is lost meanwhile */
  async open(connection: Connection, device: DeviceId, protocol: ProtocolSpec, o: AbortOptions): Promise<PeerStream> {
    const signal = AbortSignal.any([o.signal, AbortSignal.timeout(OPEN_MS_MAX)])
    try {
      const stream = await connection.newStream([protocol.id], { signal, maxOutboundStreams: INBOUND_STREAMS_MAX })
      const framed = this.#track(stream, device, protocol)
      try {
        await framed.greet({ signal })
        return framed
      } catch (cause) {
        framed.abort('the stream was not accepted')
        throw cause
      }
    } catch (cause) {
      o.signal.throwIfAborted()
      if (connection.status !== 'open' || signal.aborted) {
        throw new PeerError('offline', `the connection with ${device} was lost`, { cause })
      }
      if (await speaksLater(connection, protocol, signal))
        throw new PeerError('newer', `${device} speaks only what comes after ${protocol.id}`, { cause })
      throw new PeerError('refused', `${device} does not accept ${protocol.id}`, { cause })
    }
  }

  /** Serves a stream that the other side opened, if it may. */
  async serve(
    stream: Stream,
    connection: Connection,
    protocol: ProtocolSpec,
    onStream: (stream: PeerStream) => Promise<void>,
  ): Promise<void> {
    const device = deviceOf(connection.remotePeer)
    if (!this.#isAllowed(device, protocol)) {
      this.#init.log.event('peers.refused', { device, protocol: protocol.id })
      stream.abort(new PeerError('refused', 'not allowed'))
      return
    }
    const framed = this.#track(stream, device, protocol)
    try {
      await framed.greet({ signal: AbortSignal.timeout(OPEN_MS_MAX) })
      await onStream(framed)
      await framed.close()
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      this.#init.log.event('peers.stream-failed', { device, protocol: protocol.id, reason })
      framed.abort('the handler failed')
    }
  }

  /** Ends streams with a device that is no member, but for those that are open to strangers. Says whether any is left. */
  cutOff(device: DeviceId): boolean {
    const streams = [...this.#streams].filter((stream) => stream.remote === device)
    for (const stream of streams) if (!stream.protocol.isOpenToStrangers) stream.abort('the device is no member')
    return streams.some((stream) => stream.protocol.isOpenToStrangers)
  }

  /** Ends all streams. */
  close(): void {
    for (const stream of [...this.#streams]) stream.abort('this device goes offline')
  }

  #track(stream: Stream, device: DeviceId, protocol: ProtocolSpec): FramedStream {
    const framed = new FramedStream(stream, device, protocol)
    this.#streams.add(framed)
    stream.addEventListener('close', () => this.#streams.delete(framed))
    if (stream.status !== 'open') this.#streams.delete(framed)
    return framed
  }

  #isAllowed(device: DeviceId, protocol: ProtocolSpec): boolean {
    if (this.#init.isMember(device)) return true
    if (!protocol.isOpenToStrangers) return false
    const strangers = [...this.#streams].filter((stream) => !this.#init.isMember(stream.remote))
    const own = strangers.filter((stream) => stream.remote === device)
    return strangers.length < STRANGERS_STREAMS_MAX && own.length < STRANGER_STREAMS_MAX
  }
}
