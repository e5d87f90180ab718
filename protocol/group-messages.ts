/**
 * What two devices say on `/holt/group/1`, to have the same log. O opens the stream, A accepts it. One frame is one message: a
 * canonical CBOR array led by its kind.
 *
 *     O→A Hello [1, groupId, heads, samples]      A→O Hello, or Refusal [0, reason]
 *     O→A Ops   [2, ops, isLast]…                 all that A lacks, predecessors first
 *     A→O Ops   [2, ops, isLast]…                 all that O lacks
 *
 * Samples are operations ever further back, so that a side that does not know the other's heads still finds common ground;
 * what it then sends too much is known already and harmless. A stranger is answered like a member, so that it can show how
 * our own group made it one; until it has, it gets nothing but the hashes in our hello.
 */

import type { Value } from './codec.ts'
import { asArray, asBool, asBytes, asList, asText, asUint, decode, encode } from './codec.ts'
import type { Signed } from './crypto.ts'
import { ProtocolError } from './errors.ts'
import type { GroupId, OpHash } from './ids.ts'
import { groupIdOf, idBytes, opHashOf } from './ids.ts'
import { GROUP_OPS_MAX, HASH_BYTES } from './limits.ts'
import { signedFromWire, signedToWire } from './manifest.ts'

const HEADS_MAX = 256
const SAMPLES_MAX = 32
const REASON_BYTES_MAX = 64

export type GroupRefusal =
  /** The sender of the hello was removed from the group. */
  | 'removed'
  /** The two are in different groups. */
  | 'foreign'
  /** Another stranger is being listened to. */
  | 'busy'
  /** The stranger showed nothing that makes it a member. */
  | 'stranger'
  /** A reason of a later Holt. */
  | 'other'

const REFUSALS: readonly string[] = ['removed', 'foreign', 'busy', 'stranger'] satisfies readonly GroupRefusal[]

export type GroupMessage =
  | { readonly kind: 'refusal'; readonly reason: GroupRefusal }
  | {
      readonly kind: 'hello'
      readonly group: GroupId
      readonly heads: readonly OpHash[]
      readonly samples: readonly OpHash[]
    }
  | { readonly kind: 'ops'; readonly ops: readonly Signed[]; readonly isLast: boolean }

const REFUSAL = 0
const HELLO = 1
const OPS = 2

export function encodeGroupMessage(message: GroupMessage): Uint8Array {
  return encode(messageToWire(message))
}

function messageToWire(message: GroupMessage): Value {
  switch (message.kind) {
    case 'refusal':
      return [REFUSAL, message.reason]
    case 'hello':
      return [
        HELLO,
        idBytes(message.group),
        message.heads.slice(0, HEADS_MAX).map(idBytes),
        message.samples.slice(0, SAMPLES_MAX).map(idBytes),
      ]
    case 'ops':
      return [OPS, message.ops.map(signedToWire), message.isLast]
  }
}

/** @throws ProtocolError */
export function decodeGroupMessage(frame: Uint8Array): GroupMessage {
  const fields = asArray(decode(frame), 'group message')
  const kind = asUint(fields[0], 'group message kind')
  switch (kind) {
    case REFUSAL:
      asArray(fields, 'refusal', 2)
      return { kind: 'refusal', reason: refusalFrom(asText(fields[1], 'refusal', REASON_BYTES_MAX)) }
    case HELLO:
      asArray(fields, 'hello', 4)
      return {
        kind: 'hello',
        group: groupIdOf(asBytes(fields[1], 'group', HASH_BYTES)),
        heads: hashesFrom(fields[2], 'heads', HEADS_MAX),
        samples: hashesFrom(fields[3], 'samples', SAMPLES_MAX),
      }
    case OPS:
      asArray(fields, 'operations', 3)
      return {
        kind: 'ops',
        ops: asList(fields[1], 'operations', GROUP_OPS_MAX).map(signedFromWire),
        isLast: asBool(fields[2], 'end of operations'),
      }
    default:
      throw new ProtocolError('out-of-turn', `${kind} is no kind of group message`)
  }
}

function hashesFrom(value: Value | undefined, what: string, max: number): OpHash[] {
  return asList(value, what, max).map((hash) => opHashOf(asBytes(hash, what, HASH_BYTES)))
}

function refusalFrom(text: string): GroupRefusal {
  const isKnown = (reason: string): reason is GroupRefusal => REFUSALS.includes(reason)
  return isKnown(text) ? text : 'other'
}

/** Splits operations into runs for one frame each; one empty run when there are none. */
export function opBatches(ops: readonly Signed[], batchBytesMax: number): Signed[][] {
  const batches: Signed[][] = [[]]
  let bytes = 0
  for (const op of ops) {
    const size = signedBytes(op)
    if (bytes > 0 && bytes + size > batchBytesMax) {
      batches.push([])
      bytes = 0
    }
    batches.at(-1)?.push(op)
    bytes += size
  }
  return batches
}

/** About what an operation takes on the wire. */
export function signedBytes({ body, signature }: Signed): number {
  return body.length + signature.length + 8
}
