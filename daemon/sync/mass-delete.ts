/** A folder that waits for a person because too much would be deleted: what is told of it, and what the answer does. */

import type { HaltNotice } from '../../protocol/meta-messages.ts'
import type { Folder } from './folder.ts'
import { hint } from './folder.ts'
import { publishNow } from './folder-loops.ts'

export function takeDecision(folder: Folder, decision: 'approve' | 'reject'): void {
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
