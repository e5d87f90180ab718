/** A plan of a batch of new files, whose bytes are partly there. */

import type { Target } from '../../daemon/core/plan.ts'
import { plan as makePlan } from '../../daemon/core/plan.ts'
import type { BlobHash } from '../../protocol/ids.ts'
import { makeEntries } from './entries.ts'
import type { Micro } from './micro.ts'
import { prepared } from './micro.ts'

const PATHS = 20_000

export const plan: Micro = {
  unit: 'paths',
  open: async () => {
    const entries = makeEntries(PATHS)
    const landed = new Set<BlobHash>()
    for (const [i, { content }] of entries.entries()) {
      if (content.kind === 'file' && i % 2 === 0) landed.add(content.hash)
    }
    const targets = entries.map((entry): Target => ({ entry, own: undefined, reason: 'newer-elsewhere', copies: [] }))
    return prepared(() => {
      makePlan(targets, { landed, localCopy: () => undefined })
      return PATHS
    })
  },
}
