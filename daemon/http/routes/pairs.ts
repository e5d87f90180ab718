/** The route of pairs of directories. */

import type { NdjsonHandlers } from '../handlers.ts'
import type { PairService } from '../service.ts'

export function pairRun(service: PairService): NdjsonHandlers<'syncPair'> {
  return { syncPair: async ({ body }, { signal }) => ({ items: await service.syncPair(body, { signal }) }) }
}
