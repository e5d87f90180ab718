/** For networks without multicast: the addresses that a person gave are tried for as long as a member is missing. */

import type { AbortOptions, Clock, Log, PeerTransport } from '../ports.ts'

/** How often they are tried, in milliseconds; what is reached once is remembered, and reached again sooner than that. */
export const STATIC_DIAL_MS = 30_000

export interface StaticDialPorts {
  readonly transport: Pick<PeerTransport, 'dial'>
  readonly clock: Clock
  readonly log: Log
  /** Whether a member of the group is not connected. */
  readonly isAnyMissing: () => boolean
}

/** Runs until the signal aborts; not at all without an address. A handshake proves who answers: an address is only a hint. */
export async function dialStatic(ports: StaticDialPorts, addresses: readonly string[], o: AbortOptions): Promise<void> {
  if (addresses.length === 0) return
  for (;;) {
    if (ports.isAnyMissing()) await dialEach(ports, addresses, o)
    await ports.clock.sleep(STATIC_DIAL_MS, o)
  }
}

async function dialEach(
  { transport, log }: StaticDialPorts,
  addresses: readonly string[],
  o: AbortOptions,
): Promise<void> {
  for (const address of addresses) {
    try {
      await transport.dial(address, o)
    } catch (cause) {
      if (o.signal.aborted) throw cause
      log.event('static-address.failed', { cause: String(cause) })
    }
  }
}
