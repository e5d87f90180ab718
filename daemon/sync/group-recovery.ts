/**
 * What the twelve recovery words can do: their key is senior to every device. It removes whoever has the first laptop, and
 * takes a device in when nobody is left who could. It never makes a group anew: without a copy of the log there is none.
 */

import type { Crypto, Signer } from '../../protocol/crypto.ts'
import type { DeviceRecord, FolderRecord, GroupOp, OpDraft } from '../../protocol/group.ts'
import { sealOp } from '../../protocol/group.ts'
import type { DeviceId, OpHash } from '../../protocol/ids.ts'
import type { GroupGraph } from '../core/group-graph.ts'
import { buildGraph } from '../core/group-graph.ts'
import { HLC_START, laterHlc, nextHlc } from '../core/hlc.ts'
import { replayGraph } from '../core/membership.ts'
import { headsBefore, strokeOf } from '../core/recovery-place.ts'
import type { Clock } from '../ports.ts'
import type { GroupLog } from './group-log.ts'

export interface RecoveryPorts {
  readonly log: GroupLog
  readonly clock: Clock
  readonly crypto: Crypto
}

export interface RemovalByWords {
  readonly device: DeviceId
  readonly isLost: boolean
  /** What the device did since then, by its own clock, counts no more. Null: what it did to this device and the day before that. */
  readonly sinceMs: number | null
}

export type WordsVerdict =
  | { readonly kind: 'done'; readonly sinceMs: number | null }
  /** They are of another group. */
  | { readonly kind: 'wrong-words' }
  | { readonly kind: 'not-a-member' }
  /** This device would not be in the group then: what it did before is what brought this device in, or another removed it too. */
  | { readonly kind: 'would-fall-out' }

export async function removeByWords(ports: RecoveryPorts, words: Signer, o: RemovalByWords): Promise<WordsVerdict> {
  const { log } = ports
  const { state, graph, self } = log
  if (words.device !== state.recovery) return { kind: 'wrong-words' }
  if (!state.names.has(o.device) || o.device === self) return { kind: 'not-a-member' }
  const change = { kind: 'remove', device: o.device, isLost: o.isLost } as const
  for (const sinceMs of momentsFor(graph, self, o)) {
    const prev = sinceMs === null ? graph.heads : headsBefore(graph, o.device, sinceMs)
    const op = sign(ports, graph, words, prev, change)
    const after = replayGraph(buildGraph(graph.genesis, [...graph.order, op]))
    if (!after.members.has(self)) continue
    await log.merge([op.signed])
    return { kind: 'done', sinceMs }
  }
  return { kind: 'would-fall-out' }
}

/** The first that leaves this device in the group is taken. */
function momentsFor(graph: GroupGraph, self: DeviceId, { device, sinceMs }: RemovalByWords): (number | null)[] {
  if (sinceMs !== null) return [sinceMs]
  const stroke = strokeOf(graph, device, self)
  return stroke === undefined ? [null] : [stroke.beganMs, stroke.fellMs]
}

/** A member with the words is an admin again, whoever demoted it. */
export async function promoteByWords(ports: RecoveryPorts, words: Signer): Promise<void> {
  const { log } = ports
  const change = { kind: 'role', device: log.self, role: 'admin' } as const
  await log.merge([sign(ports, log.graph, words, log.graph.heads, change).signed])
}

export type CopyChoice =
  | { readonly kind: 'found'; readonly graph: GroupGraph }
  /** No copy is of a group with these words. */
  | { readonly kind: 'none' }
  /** Two groups name these words: one of them is forged. */
  | { readonly kind: 'two-groups' }

/** All that copies of a log say together; each operation of them was verified. */
export function chooseCopies(copies: readonly GroupGraph[], recovery: DeviceId): CopyChoice {
  const own = copies.filter(({ genesis: { change } }) => change.kind === 'genesis' && change.recovery === recovery)
  const [first] = own
  if (first === undefined) return { kind: 'none' }
  if (own.some(({ genesis }) => genesis.hash !== first.genesis.hash)) return { kind: 'two-groups' }
  return {
    kind: 'found',
    graph: buildGraph(
      first.genesis,
      own.flatMap(({ order }) => order),
    ),
  }
}

export type Restoration =
  | { readonly kind: 'restored'; readonly folders: readonly FolderRecord[] }
  | { readonly kind: 'not-alone' }
  /** Its key was removed once and never comes back. */
  | { readonly kind: 'not-a-member' }
  | { readonly kind: 'update-needed' }

/** Takes this device, which is alone in a group of its own, into the group of a log. @throws ProtocolError */
export async function restoreMembership(
  ports: RecoveryPorts,
  words: Signer,
  graph: GroupGraph,
  record: DeviceRecord,
): Promise<Restoration> {
  // No pairing stands behind this addition.
  const add = { kind: 'add', record, pairSid: new Uint8Array(32) } as const
  const op = sign(ports, graph, words, graph.heads, add)
  const ops = [...graph.order, op].map(({ signed }) => signed)
  const adoption = await ports.log.adopt(graph.genesis.group, ops)
  return adoption.kind === 'adopted' ? { kind: 'restored', folders: adoption.folders } : adoption
}

function sign(
  { clock, crypto }: RecoveryPorts,
  graph: GroupGraph,
  words: Signer,
  prev: readonly OpHash[],
  change: OpDraft['change'],
): GroupOp {
  const latest = prev.reduce((hlc, hash) => laterHlc(hlc, graph.get(hash)?.hlc ?? HLC_START), HLC_START)
  const draft = { group: graph.genesis.group, prev, hlc: nextHlc(latest, clock.wallMs()), change }
  return sealOp(draft, words, crypto)
}
