/** The libp2p node: secure connections, streams over them, and nothing that acts by itself. */

import type {
  ConnectionGater,
  Ed25519PrivateKey,
  Libp2p,
  Transport,
  Upgrader,
  ComponentLogger,
  StreamMuxerFactory,
} from '@libp2p/interface'
import type { YamuxMuxerInit } from '@libp2p/yamux'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { createCertificate } from './certificate.ts'
import { lazyNoise } from './lazy-noise.ts'
import type { PingableMuxer } from './link-transport.ts'
import { LinkTransport } from './link-transport.ts'
import type { TrafficCounter } from './socket-connection.ts'
import { INBOUND_STREAMS_MAX } from './stream-desk.ts'
import { tlsContext } from './tls-handshake.ts'

export interface PeerNode {
  readonly libp2p: Libp2p
  readonly transport: LinkTransport
}

/** What a stream may have on its way. The read buffer must hold a whole window, or a paused reader ends the stream. */
const WINDOW_BYTES_MAX = 4 * 1024 * 1024
const READ_BUFFER_BYTES_MAX = 2 * WINDOW_BYTES_MAX
/** Our own limits are stricter and know members from strangers: libp2p's shall not strike first. */
const CONNECTIONS_MAX = 256
const INBOUND_PER_SECOND_MAX = 64

export async function createPeerNode(
  privateKey: Ed25519PrivateKey,
  traffic: TrafficCounter,
  gater: ConnectionGater,
): Promise<PeerNode> {
  const context = tlsContext(await createCertificate(privateKey))
  // Between Holts `links.ts` pings what is quiet; other programs are pinged by the muxer itself.
  const [muxers, ownMuxers] = [muxersOf({ enableKeepAlive: true }), muxersOf({ enableKeepAlive: false })]
  const made = Promise.withResolvers<LinkTransport>()
  const makeTransport = (parts: { upgrader: Upgrader; logger: ComponentLogger }): Transport => {
    const log = parts.logger.forComponent('holt:link')
    const transport = new LinkTransport({ upgrader: parts.upgrader, muxers: ownMuxers, context, traffic, log })
    made.resolve(transport)
    return transport
  }
  const libp2p = await createLibp2p({
    privateKey,
    addresses: { listen: [] },
    transports: [makeTransport],
    connectionEncrypters: [lazyNoise()],
    streamMuxers: [() => muxers],
    connectionGater: gater,
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: CONNECTIONS_MAX,
      reconnectRetries: 0,
      inboundConnectionThreshold: INBOUND_PER_SECOND_MAX,
      maxIncomingPendingConnections: INBOUND_PER_SECOND_MAX,
    },
  })
  return { libp2p, transport: await made.promise }
}

function muxersOf(init: Pick<YamuxMuxerInit, 'enableKeepAlive'>): StreamMuxerFactory<PingableMuxer> {
  return yamux({
    ...init,
    maxInboundStreams: INBOUND_STREAMS_MAX,
    streamOptions: { maxStreamWindowSize: WINDOW_BYTES_MAX, maxReadBufferLength: READ_BUFFER_BYTES_MAX },
  })()
}
