/** Runs of pairs that touch nothing. */

import type { PairService } from '../../daemon/http/service.ts'
import { ServiceError } from '../../daemon/http/service.ts'
import type { PairChange, PairEvent, PairOrder, PairResult } from '../../protocol/api/pairs.ts'

export const PAIR_RESULT: PairResult = {
  ...{ uploads: 1, downloads: 0, deletesSource: 0, deletesDestination: 0, renamesSource: 0, renamesDestination: 0 },
  ...{ skips: 0, conflicts: 0, errors: 0, bytesSent: 3, bytesReceived: 0 },
  ...{ state: 'done', isFirstRun: true, halt: null, plan: [], changes: 1, conflictList: [], problems: [], tookMs: 5 },
}
const COUNTS = { files: 40, arriving: 0, overwritten: 0, deleted: 30, renamed: 0, bytes: 0 }
const CHANGE: PairChange = {
  ...{ side: 'destination', path: 'a.txt', action: 'create', from: null, bytes: 3 },
  reason: { code: 'to-destination', sentence: 'It was changed on the source only.' },
}

/** Refuses a source that ends in `nowhere`; waits for a yes where it ends in `first`; fails midway where it ends in `full`. */
export function createFakePairs(): PairService {
  return {
    syncPair: async (order) => {
      if (order.source.endsWith('nowhere'))
        throw new ServiceError('path-not-found', `The source ${order.source} does not exist.`)
      return eventsOf(order)
    },
  }
}

async function* eventsOf(order: PairOrder): AsyncIterable<PairEvent> {
  yield { kind: 'scan.start' }
  if (order.source.endsWith('full')) {
    yield { kind: 'sync.failed', code: 'no-space', sentence: 'The disk is full.', nextStep: 'Free some space.' }
    return
  }
  if (order.source.endsWith('first') && !order.confirm) {
    const halt = {
      reason: 'first-run',
      sentence: 'It would delete 30 files.',
      source: COUNTS,
      destination: COUNTS,
    } as const
    yield { kind: 'sync.done', result: { ...PAIR_RESULT, state: 'halted', halt, plan: [CHANGE] } }
    return
  }
  if (order.dryRun) {
    yield { kind: 'sync.done', result: { ...PAIR_RESULT, state: 'planned', plan: [CHANGE] } }
    return
  }
  yield { kind: 'path.changed', ...CHANGE }
  yield { kind: 'sync.done', result: PAIR_RESULT }
}
