/** Routes of reading again what is held. */

import type { JsonHandlers } from '../handlers.ts'
import type { VerifyService } from '../service.ts'

export function verifyRoutes(service: VerifyService): JsonHandlers<'getVerification' | 'startVerify'> {
  return {
    getVerification: ({ query }) => service.verification(query.folder),
    startVerify: ({ body }, { signal }) => service.startVerify(body, { signal }),
  }
}
