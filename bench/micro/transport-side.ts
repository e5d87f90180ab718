/** A transport on loopback with a new identity, which nobody finds. */

import { generateSeed } from '../../daemon/native-crypto.ts'
import type { Libp2pPeerTransport } from '../../daemon/peers/transport.ts'
import { createSystemClock } from '../../daemon/system-clock.ts'
import { openPeerTransport } from '../../daemon/peers/transport.ts'

export function openMicroTransport(): Promise<Libp2pPeerTransport> {
  return openPeerTransport({
    seed: generateSeed(),
    listen: { host: '127.0.0.1', port: 0, isExplicit: true },
    discovery: false,
    log: { event: () => undefined },
    clock: createSystemClock(),
  })
}
