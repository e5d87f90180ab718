/** How conflicts of a folder are settled may change while it runs. */

import { formatConflictPolicy } from '../../protocol/folder-options.ts'
import type { Folder } from './folder.ts'

/** What differs is settled anew, once it is to be settled in another way. */
export function policyMayHaveChanged(folder: Folder): void {
  const policy = formatConflictPolicy(folder.policy())
  if (policy !== folder.lastPolicy) {
    folder.lastPolicy = policy
    folder.deps.catalogue.transact({ isDurable: false }, (tx) => tx.markDisputed(folder.id))
  }
  folder.toResolve.raise()
}
