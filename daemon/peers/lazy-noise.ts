/**
 * Noise, for every libp2p program that is no Holt: loaded when one calls, which may be never. Between Holts TLS is spoken
 * (`link-transport.ts`).
 */

import type { ConnectionEncrypter, MessageStream, SecureConnectionOptions } from '@libp2p/interface'
import type { NoiseComponents } from '@chainsafe/libp2p-noise'

/** What the handshake names, by the libp2p noise specification. */
const PROTOCOL = '/noise'

export function lazyNoise(): (parts: NoiseComponents) => ConnectionEncrypter {
  return (parts) => {
    let loaded: Promise<ConnectionEncrypter> | undefined
    const load = (): Promise<ConnectionEncrypter> =>
      (loaded ??= import('@chainsafe/libp2p-noise').then(({ noise }) => noise()(parts)))
    return {
      protocol: PROTOCOL,
      secureInbound: async (connection: MessageStream, o?: SecureConnectionOptions) =>
        (await load()).secureInbound(connection, o),
      secureOutbound: async (connection: MessageStream, o?: SecureConnectionOptions) =>
        (await load()).secureOutbound(connection, o),
    }
  }
}
