/** Routes of pairing runs. */

import type { EventStreamHandlers, JsonHandlers } from '../handlers.ts'
import type { PairingService } from '../service.ts'

type PairingIds = 'startPairing' | 'joinPairing' | 'getPairing' | 'chooseInviter' | 'cancelPairing'

export function pairingRoutes(service: PairingService): JsonHandlers<PairingIds> {
  return {
    startPairing: ({ query }) => service.startPairing(query),
    joinPairing: ({ body }) => service.joinPairing(body),
    getPairing: ({ params }) => service.pairing(params.pairing),
    chooseInviter: ({ params, body }) => service.chooseInviter(params.pairing, body.device),
    cancelPairing: ({ params }) => service.cancelPairing(params.pairing),
  }
}

export function pairingStream(service: PairingService): EventStreamHandlers<'followPairing'> {
  return {
    followPairing: async ({ params }, { signal }) => {
      // An unknown run is a plain 404, not a stream that fails.
      const { id } = await service.pairing(params.pairing)
      return { items: service.followPairing(id, { signal }) }
    },
  }
}
