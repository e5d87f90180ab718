/** TLS 1.3 by Node itself, in which both sides prove their peer ids: four times as fast as noise. */

import type { PeerId } from '@libp2p/interface'
import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { TLSSocket, connect, createSecureContext } from 'node:tls'
import { abortReason } from './abortable.ts'
import type { Certificate } from './certificate.ts'
import { provenPeer } from './certificate-proof.ts'

/** The protocol that both sides name in the handshake. */
const ALPN = 'libp2p'

export interface SecuredSocket {
  readonly socket: TLSSocket
  readonly remote: PeerId
}

export function tlsContext(certificate: Certificate): SecureContext {
  return createSecureContext({ cert: certificate.certPem, key: certificate.keyPem, minVersion: 'TLSv1.3' })
}

/** The accepting side. Rejects, and destroys the socket, when the other side proves nothing or the signal aborts. */
export async function secureInbound(raw: Socket, context: SecureContext, signal: AbortSignal): Promise<SecuredSocket> {
  const socket = new TLSSocket(raw, {
    isServer: true,
    secureContext: context,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: [ALPN],
  })
  return secured(raw, socket, 'secure', undefined, signal)
}

/** The dialling side. `expected` undefined takes whoever answers. Rejects as `secureInbound` does, and when someone else answers. */
export async function secureOutbound(
  raw: Socket,
  context: SecureContext,
  expected: PeerId | undefined,
  signal: AbortSignal,
): Promise<SecuredSocket> {
  const socket = connect({ socket: raw, secureContext: context, rejectUnauthorized: false, ALPNProtocols: [ALPN] })
  return secured(raw, socket, 'secureConnect', expected, signal)
}

async function secured(
  raw: Socket,
  socket: TLSSocket,
  event: 'secure' | 'secureConnect',
  expected: PeerId | undefined,
  signal: AbortSignal,
): Promise<SecuredSocket> {
  try {
    await handshake(socket, event, signal)
    const { raw: certificate } = socket.getPeerCertificate()
    if (!(certificate instanceof Uint8Array)) throw new Error('the other side sent no certificate')
    const remote = await provenPeer(certificate, expected, Date.now())
    signal.throwIfAborted()
    return { socket, remote }
  } catch (cause) {
    socket.on('error', () => undefined)
    socket.destroy()
    raw.destroy()
    throw cause
  }
}

function handshake(socket: TLSSocket, event: 'secure' | 'secureConnect', signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      socket.off(event, onSecure).off('error', onError).off('close', onClose)
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const onSecure = (): void => end(resolve)
    const onError = (cause: Error): void => end(() => reject(cause))
    const onClose = (): void => end(() => reject(new Error('the connection closed during the handshake')))
    const onAbort = (): void => end(() => reject(abortReason(signal)))
    socket.on(event, onSecure).on('error', onError).on('close', onClose)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
