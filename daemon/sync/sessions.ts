/** Sessions with every member that is online: one each, opened by the device with the lower id, opened again when it breaks. */

import type { DeviceId } from '../../protocol/ids.ts'
import { META } from '../../protocol/protocols.ts'
import { nextDelayMs } from '../core/backoff.ts'
import type { AbortOptions, PeerStream, PeerTransport } from '../ports.ts'
import { isAborted } from './deadline.ts'
import type { Session } from './session.ts'
import type { SessionHost } from './session-host.ts'
import { createSession } from './session.ts'

export interface Sessions {
  /** Those that are open now. */
  all(): Iterable<Session>
  get(device: DeviceId): Session | undefined
  /** Ends every session; those that may be are begun again. */
  endAll(reason: string): void
  /** Runs until the signal aborts. */
  run(o: AbortOptions): Promise<void>
}

/** What the sessions tell of devices. */
export interface SessionsHost extends SessionHost {
  /** Whether there may be a session with a member now. */
  mayTalk(device: DeviceId): boolean
  onSession(device: DeviceId, isOpen: boolean): void
  /** A session with a device that is connected could not begin, or ended soon after it began. */
  onFailure(device: DeviceId, cause: unknown): void
  /** A session ended that was no failed try. */
  onSettled(device: DeviceId): void
}

export function createSessions(host: SessionsHost, transport: PeerTransport): Sessions {
  const open = new Map<DeviceId, Session>()
  const dialling = new Map<DeviceId, AbortController>()
  const converse = async (stream: PeerStream, o: AbortOptions): Promise<void> => {
    const session = createSession(host, stream)
    const beganMs = host.deps.clock.monotonicMs()
    open.set(stream.remote, session)
    host.onSession(stream.remote, true)
    try {
      await session.run(o)
    } catch (cause) {
      if (!o.signal.aborted) host.deps.log.event('session.ended', { device: stream.remote, cause: String(cause) })
      if (!o.signal.aborted && !isSettled(host, beganMs)) host.onFailure(stream.remote, cause)
    } finally {
      if (isSettled(host, beganMs)) host.onSettled(stream.remote)
      if (open.get(stream.remote) === session) {
        open.delete(stream.remote)
        host.onSession(stream.remote, false)
      }
    }
  }
  const keepDialling = async (device: DeviceId, o: AbortOptions): Promise<void> => {
    for (let attempt = 0; !o.signal.aborted; attempt += 1) {
      const beganMs = host.deps.clock.monotonicMs()
      try {
        if (host.mayTalk(device)) await converse(await transport.open(device, META, o), o)
      } catch (cause) {
        if (isAborted(o)) return
        host.deps.log.event('session.failed', { device, cause: String(cause) })
        host.onFailure(device, cause)
      }
      if (isSettled(host, beganMs)) attempt = 0
      await host.deps.clock.sleep(nextDelayMs(attempt, 0.5), o)
    }
  }
  return {
    all: () => open.values(),
    get: (device) => open.get(device),
    endAll: (reason) => {
      for (const session of open.values()) session.end(reason)
    },
    run: async (o) => {
      using _handler = transport.handle(META, async (stream) => {
        if (host.mayTalk(stream.remote)) await converse(stream, o)
        else stream.abort('no session for now')
      })
      for await (const { device, online } of transport.presence(o)) {
        dialling.get(device)?.abort(new Error('presence changed'))
        dialling.delete(device)
        if (!online || !(transport.self < device)) continue
        const stop = new AbortController()
        dialling.set(device, stop)
        const signal = AbortSignal.any([o.signal, stop.signal])
        keepDialling(device, { signal }).catch((cause: unknown) => {
          if (!signal.aborted) host.deps.log.event('session.failed', { device, cause: String(cause) })
        })
      }
    },
  }
}

/** A session that lived this long was no failed try, in milliseconds. */
export const SETTLED_MS = 10_000

function isSettled({ deps }: SessionsHost, beganMs: number): boolean {
  return deps.clock.monotonicMs() - beganMs > SETTLED_MS
}
