/** What to do about a head that another device announced, given what was applied of its log before. */

import type { Head, Position } from '../../protocol/manifest.ts'
import type { PeerPosition } from '../catalogue-port.ts'

export type HeadStep =
  /** Everything up to this head is here. */
  | { readonly kind: 'complete' }
  | { readonly kind: 'fetch'; readonly epoch: number; readonly fromSegNo: number }
  /** A new epoch that carries the rows of the one before over: they stay, and only what follows is fetched. */
  | { readonly kind: 'carry-over' }
  /** A new epoch: what the device said before is forgotten, then all is fetched. */
  | { readonly kind: 'start-over'; readonly epoch: number }
  /** Older than what is known: a restored backup, or a replay. Ignored and shown. */
  | { readonly kind: 'stale' }
  /** Two logs under one position: nothing more is taken until the next epoch. */
  | { readonly kind: 'equivocation' }

export function assessHead(known: PeerPosition | undefined, head: Head): HeadStep {
  if (known === undefined)
    return head.lastSeq === 0 ? { kind: 'carry-over' } : { kind: 'start-over', epoch: head.epoch }
  const { position } = known
  if (head.epoch > position.epoch) {
    return samePosition(head.previous, position) ? { kind: 'carry-over' } : { kind: 'start-over', epoch: head.epoch }
  }
  if (known.isEquivocal) return { kind: 'equivocation' }
  if (head.epoch < position.epoch || head.lastSeq < position.seq) return { kind: 'stale' }
  if (head.lastSeq > position.seq) return { kind: 'fetch', epoch: head.epoch, fromSegNo: known.nextSegNo }
  return head.lastSegHash === known.lastSegHash ? { kind: 'complete' } : { kind: 'equivocation' }
}

function samePosition(a: Position | null, b: Position): boolean {
  return a !== null && a.epoch === b.epoch && a.seq === b.seq
}
