/** What to do about a head or an acknowledgement of another device, given what was applied of its log, or what stands in our own. */

import type { Signed } from '../../protocol/crypto.ts'
import { sameBytes } from '../../protocol/chunks.ts'
import type { Head, Position } from '../../protocol/manifest.ts'
import { comparePositions } from '../../protocol/manifest.ts'
import type { EpochStart, OwnHead, PeerPosition } from '../catalogue-port.ts'

export type HeadStep =
  /** Everything up to this head is here. */
  | { readonly kind: 'complete' }
  | { readonly kind: 'fetch'; readonly epoch: number; readonly fromSegNo: number }
  /** What follows is missing, and its number is not known: the position is acknowledged, and the device sends on from there. */
  | { readonly kind: 'resume' }
  /** A new epoch that carries over all that is known: it stays, and nothing of it is fetched. */
  | { readonly kind: 'carry-over' }
  /** A new epoch that carried over what is known, and has gone on since: its first head is asked for. */
  | { readonly kind: 'ask-start' }
  /** A new epoch: what the device said before is forgotten, then all is fetched. */
  | { readonly kind: 'start-over'; readonly epoch: number }
  /** Older than what is known: a restored backup, or a replay. Ignored and shown. */
  | { readonly kind: 'stale' }
  /** Two logs under one position: nothing more is taken until the next epoch. */
  | { readonly kind: 'equivocation' }

/**
 * @param last the head under which the known position was reached
 * @param mayAsk whether the first head of the epoch was not asked for yet
 */
export function assessHead(
  known: PeerPosition | undefined,
  last: Head | undefined,
  head: Head,
  mayAsk: boolean,
): HeadStep {
  if (known === undefined) return { kind: 'start-over', epoch: head.epoch }
  const { position } = known
  if (head.epoch > position.epoch) {
    if (!known.isEquivocal && last !== undefined && carriesOver(head, last, position)) return { kind: 'carry-over' }
    const hasGoneOn = head.previous?.epoch === head.epoch
    return hasGoneOn && mayAsk ? { kind: 'ask-start' } : { kind: 'start-over', epoch: head.epoch }
  }
  if (known.isEquivocal) return { kind: 'equivocation' }
  if (head.epoch < position.epoch || head.lastSeq < position.seq) return { kind: 'stale' }
  if (head.lastSeq > position.seq) {
    const { nextSegNo } = known
    return nextSegNo === null ? { kind: 'resume' } : { kind: 'fetch', epoch: head.epoch, fromSegNo: nextSegNo }
  }
  return head.lastSegHash === known.lastSegHash ? { kind: 'complete' } : { kind: 'equivocation' }
}

/** Whether a head begins its epoch with exactly what is known: the log before it is here to its end, and adds up to the same. */
function carriesOver({ previous, stateDigest }: Head, last: Head, position: Position): boolean {
  const isWhole = last.epoch === position.epoch && last.lastSeq === position.seq
  const isNext = previous !== null && comparePositions(previous, position) === 0
  return isWhole && isNext && sameBytes(stateDigest, last.stateDigest)
}

/** What another device asks for by acknowledging a position of our log. */
export type AckStep =
  /** It has all before this segment. */
  | { readonly kind: 'push-from'; readonly segNo: number }
  /** It is in an epoch before ours, which this head began: if it has all of that, it need not fetch anything again. */
  | { readonly kind: 'show-start'; readonly head: Signed }
  /** It knows more of our log than we do. */
  | { readonly kind: 'fallen-behind' }
  | { readonly kind: 'nothing' }

export function assessAck(own: OwnHead, start: EpochStart | undefined, position: Position): AckStep {
  const order = comparePositions(position, { epoch: own.epoch, seq: own.lastSeq })
  if (order > 0) return { kind: 'fallen-behind' }
  if (order === 0) return { kind: 'push-from', segNo: own.nextSegNo }
  if (start === undefined) return { kind: 'nothing' }
  if (comparePositions(position, start.position) === 0) return { kind: 'push-from', segNo: start.nextSegNo }
  // Where the log has not gone on, the head that was announced is this one.
  const hasGoneOn = own.lastSeq > start.position.seq
  return hasGoneOn && position.epoch < own.epoch ? { kind: 'show-start', head: start.signed } : { kind: 'nothing' }
}
