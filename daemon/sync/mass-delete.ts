/** A folder that waits for a person because too much would be deleted: what is told of it, and what the answer does. */

import type { HaltNotice } from '../../protocol/meta-messages.ts'
import { agreeTo } from '../core/guard.ts'
import type { Folder } from './folder.ts'
import { hint } from './folder.ts'
import { publishNow } from './folder-loops.ts'

export function isAsked(folder: Folder): boolean {
  return noticeOf(folder) !== null
}

/**
 * A person's answer, given on any device, is on every halt of the folder that the devices know of: on the own one, and on those
 * of others, whose deletions will come here and are not asked about again.
 */
export function takeDecision(
  folder: Folder,
  decision: 'approve' | 'reject',
  others: Iterable<{ readonly halt: HaltNotice | null }>,
): void {
  const deletes = Math.max(0, ...[...others].map(({ halt }) => halt?.deletes ?? 0))
  if (decision === 'reject') folder.agreed = null
  // An earlier yes still holds where no other device asks any more.
  else if (deletes > 0) folder.agreed = agreeTo(deletes, folder.deps.clock.monotonicMs())
  if (!isAsked(folder)) return
  folder.decision = decision
  hint(folder, 'all')
  folder.toResolve.raise()
  publishNow(folder)
}

/** What other devices are told of a halt: only of those that a person decides. */
export function noticeOf({ halt }: Folder): HaltNotice | null {
  if (halt?.kind !== 'mass-delete-here' && halt?.kind !== 'mass-delete-elsewhere') return null
  return { reason: halt.kind, deletes: halt.deletes, live: halt.live }
}
