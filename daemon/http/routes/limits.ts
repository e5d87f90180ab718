/** Routes of the limits of sending and receiving. */

import type { JsonHandlers } from '../handlers.ts'
import type { LimitService } from '../service.ts'

export function limitRoutes(service: LimitService): JsonHandlers<'getLimits' | 'changeLimits'> {
  return {
    getLimits: () => service.limits(),
    changeLimits: ({ body }) => service.changeLimits(body),
  }
}
