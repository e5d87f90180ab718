/**
 * Devices whose key has signed two operations of the group log that do not know of each other. A device always names all that
 * it knows, its own last word before anything else; so its operations stand one after another, and two that do not are of two
 * devices with one key: a copy, a restored backup, or a thief.
 *
 * Left out are additions, which a device signs for a newcomer that may show them long after or never, and the key of the
 * recovery words, which is put wherever it has to count.
 */

import type { GroupOp } from '../../protocol/group.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import type { GroupGraph } from './group-graph.ts'

/** The later of the two operations that first contradicted each other, by device. */
export function forkedAuthors(graph: GroupGraph): ReadonlyMap<DeviceId, GroupOp> {
  const { change } = graph.genesis
  const recovery = change.kind === 'genesis' ? change.recovery : undefined
  const last = new Map<DeviceId, GroupOp>()
  const forked = new Map<DeviceId, GroupOp>()
  for (const op of graph.order) {
    if (op.change.kind === 'add' || op.author === recovery) continue
    const before = last.get(op.author)
    if (before !== undefined && !graph.isBefore(before, op) && !forked.has(op.author)) forked.set(op.author, op)
    last.set(op.author, op)
  }
  return forked
}
