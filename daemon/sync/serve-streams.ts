/** Serving a protocol: one session for each stream that others open, until it is disposed. */

import type { ProtocolSpec } from '../../protocol/protocols.ts'
import type { PeerStream, PeerTransport } from '../ports.ts'

/**
 * @param run serves one stream; the signal aborts when serving ends. Disposing it ends all streams, and resolves when no session runs
 *   any more.
 */
export function serveStreams(
  transport: Pick<PeerTransport, 'handle'>,
  protocol: ProtocolSpec,
  run: (stream: PeerStream, signal: AbortSignal) => Promise<void>,
): AsyncDisposable {
  const ending = new AbortController()
  const sessions = new Set<Promise<void>>()
  const handling = transport.handle(protocol, (stream) => {
    const session = run(stream, ending.signal).finally(() => sessions.delete(session))
    sessions.add(session)
    return session
  })
  return {
    async [Symbol.asyncDispose]() {
      handling[Symbol.dispose]()
      ending.abort(new Error('serving has ended'))
      await Promise.all(sessions)
    },
  }
}
