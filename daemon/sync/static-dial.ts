/**
 * For networks without multicast: the addresses that a person gave are tried for as long as a member is missing. Often at first: two
 * devices that start together are not both listening when the first one dials.
 */

import { redialDelayMs } from '../core/backoff.ts'
import type { AbortOptions, Clock, Log, PeerTransport, Random } from '../ports.ts'

/** How often they are tried at least, in milliseconds; what is reached once is remembered, and reached again sooner than that. */
export const STATIC_DIAL_MS = 30_000

export interface StaticDialPorts {
  readonly transport: Pick<PeerTransport, 'dial'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Whether a member of the group is not connected. */
  readonly isAnyMissing: () => boolean
  /** Whether those who are missing are being dialled where they were reached before: mostly it is the same address. */
  readonly areDialled: () => boolean
}

/** Runs until the signal aborts; not at all without an address. A handshake proves who answers: an address is only a hint. */
export async function dialStatic(ports: StaticDialPorts, addresses: readonly string[], o: AbortOptions): Promise<void> {
  if (addresses.length === 0) return
  const { clock } = ports
  const startedMs = clock.monotonicMs()
  if (ports.areDialled()) await clock.sleep(delayMs(ports, 1, 0), o)
  for (let attempt = 1; ; attempt += 1) {
    const isMissing = ports.isAnyMissing()
    if (isMissing) await dialEach(ports, addresses, o)
    else attempt = 0
    if (isMissing) await clock.sleep(delayMs(ports, attempt, clock.monotonicMs() - startedMs), o)
    else await clock.sleep(STATIC_DIAL_MS, { ...o, slackMs: STATIC_DIAL_MS })
  }
}

function delayMs({ random }: StaticDialPorts, attempt: number, sinceStartMs: number): number {
  const random01 = (random.bytes(1)[0] ?? 0) / 256
  return Math.min(STATIC_DIAL_MS, redialDelayMs(attempt, sinceStartMs, random01))
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
