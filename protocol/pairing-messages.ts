/**
 * What two devices say on `/holt/pair/1`. I joins (types the code, dials), R invites (shows it). One frame is one message: a
 * canonical CBOR array led by its kind.
 *
 *     I→R Hello [1, nonceI16]             R→I Hello [1, nonceR16]              sid = nonceI ‖ nonceR
 *     I→R Share [2, Yi, ADi]              R→I Share [2, Yr, ADr]               AD = bytes of a `PairIntroduction`
 *     I→R Proof [3, Ti]                   the joiner proves first
 *     R→I Proof [3, Tr]
 *     W→L Welcome [4, ops, [], isLast]…   W is the side whose group stays (`decideGroup`), L the one that joins it
 *     L→W Done [5]                        only once it is durable at L; then W writes the operation that added L
 *
 * Either side may end the run with Refusal [0, reason] in place of any of its messages, which ends the stream.
 */

import type { Value } from './codec.ts'
import { asArray, asBool, asBytes, asList, asText, asUint, decode, encode } from './codec.ts'
import { CPACE_SHARE_BYTES, CPACE_TAG_BYTES, lengthValue } from './cpace.ts'
import type { Signed } from './crypto.ts'
import { ProtocolError } from './errors.ts'
import type { DeviceId, GroupId } from './ids.ts'
import { groupIdOf, idBytes } from './ids.ts'
import { GROUP_DEVICES_MAX, GROUP_OPS_MAX, HASH_BYTES, KEY_BYTES, NAME_BYTES_MAX } from './limits.ts'
import { signedFromWire, signedToWire } from './manifest.ts'

export const PAIR_NONCE_BYTES = 16
const PLATFORM_BYTES_MAX = 32
const REASON_BYTES_MAX = 64
const INTRODUCTION_BYTES_MAX = 1024

/** Why a side ends a run. Reasons of a later Holt are read as `other`. */
export type PairRefusal =
  /** No code is shown, or no longer. */
  | 'closed'
  /** Another run is under way. */
  | 'busy'
  /** The other's proof does not fit: another code, or somebody in between. */
  | 'wrong-code'
  | 'both-in-groups'
  | 'same-group'
  /** The group that stays has removed this device once; a removed key never comes back. */
  | 'removed'
  /** The group that stays has as many devices as it may have. */
  | 'full'
  /** The log of the group that stays has operations that this Holt does not know. */
  | 'update'
  | 'other'

const REFUSALS: readonly string[] = [
  'closed',
  'busy',
  'wrong-code',
  'both-in-groups',
  'same-group',
  'removed',
  'full',
  'update',
] satisfies readonly PairRefusal[]

/** Bound into the key of the exchange as associated data; not to be believed before the proof. */
export interface PairIntroduction {
  readonly name: string
  readonly platform: string
  /** X25519, 32 bytes. */
  readonly exchangeKey: Uint8Array
  readonly groupId: GroupId
  readonly groupName: string
  /** Members of the group without the sender. */
  readonly otherMembers: number
}

export type PairMessage =
  | { readonly kind: 'refusal'; readonly reason: PairRefusal }
  | { readonly kind: 'hello'; readonly nonce: Uint8Array }
  /** `associated` is the encoded introduction, as the key is computed over it. */
  | { readonly kind: 'share'; readonly share: Uint8Array; readonly associated: Uint8Array }
  | { readonly kind: 'proof'; readonly tag: Uint8Array }
  /** A run of the group's operations, prevs first; the last frame ends with the one that adds the receiver. */
  | { readonly kind: 'welcome'; readonly ops: readonly Signed[]; readonly isLast: boolean }
  | { readonly kind: 'done' }

const REFUSAL = 0
const HELLO = 1
const SHARE = 2
const PROOF = 3
const WELCOME = 4
const DONE = 5

export function encodePairMessage(message: PairMessage): Uint8Array {
  return encode(messageToWire(message))
}

function messageToWire(message: PairMessage): Value {
  switch (message.kind) {
    case 'refusal':
      return [REFUSAL, message.reason]
    case 'hello':
      return [HELLO, message.nonce]
    case 'share':
      return [SHARE, message.share, message.associated]
    case 'proof':
      return [PROOF, message.tag]
    case 'welcome':
      // The empty list holds the sealed folder keys of encrypted folders, once there are any.
      return [WELCOME, message.ops.map(signedToWire), [], message.isLast]
    case 'done':
      return [DONE]
  }
}

/** @throws ProtocolError */
export function decodePairMessage(frame: Uint8Array): PairMessage {
  const fields = asArray(decode(frame), 'pairing message')
  const kind = asUint(fields[0], 'pairing message kind')
  const expected = [2, 2, 3, 2, 4, 1][kind]
  if (expected === undefined) throw new ProtocolError('out-of-turn', `${kind} is no kind of pairing message`)
  asArray(fields, 'pairing message', expected)
  switch (kind) {
    case REFUSAL:
      return { kind: 'refusal', reason: refusalFrom(asText(fields[1], 'refusal', REASON_BYTES_MAX)) }
    case HELLO:
      return { kind: 'hello', nonce: asBytes(fields[1], 'nonce', PAIR_NONCE_BYTES) }
    case SHARE:
      return {
        kind: 'share',
        share: asBytes(fields[1], 'share', CPACE_SHARE_BYTES),
        associated: asBytes(fields[2], 'introduction'),
      }
    case PROOF:
      return { kind: 'proof', tag: asBytes(fields[1], 'proof', CPACE_TAG_BYTES) }
    case WELCOME:
      asArray(fields[2], 'sealed folder keys')
      return {
        kind: 'welcome',
        ops: asList(fields[1], 'welcome', GROUP_OPS_MAX).map(signedFromWire),
        isLast: asBool(fields[3], 'end of welcome'),
      }
    default:
      return { kind: 'done' }
  }
}

function refusalFrom(text: string): PairRefusal {
  const isKnown = (reason: string): reason is PairRefusal => REFUSALS.includes(reason)
  return isKnown(text) ? text : 'other'
}

export function encodeIntroduction(introduction: PairIntroduction): Uint8Array {
  const { name, platform, exchangeKey, groupId, groupName, otherMembers } = introduction
  return encode([name, platform, exchangeKey, idBytes(groupId), groupName, otherMembers])
}

/** @throws ProtocolError */
export function decodeIntroduction(associated: Uint8Array): PairIntroduction {
  if (associated.length > INTRODUCTION_BYTES_MAX) throw new ProtocolError('too-large', 'an introduction is too large')
  const fields = asArray(decode(associated), 'introduction', 6)
  return {
    name: asText(fields[0], 'device name', NAME_BYTES_MAX),
    platform: asText(fields[1], 'platform', PLATFORM_BYTES_MAX),
    exchangeKey: asBytes(fields[2], 'exchange key', KEY_BYTES),
    groupId: groupIdOf(asBytes(fields[3], 'group', HASH_BYTES)),
    groupName: asText(fields[4], 'group name', NAME_BYTES_MAX),
    otherMembers: asUint(fields[5], 'other members', GROUP_DEVICES_MAX),
  }
}

/** `CI` of the key exchange: both ends as the transport authenticated them, the joiner first. */
export function pairingChannel(joiner: DeviceId, inviter: DeviceId): Uint8Array {
  const encoder = new TextEncoder()
  return lengthValue(encoder.encode('holt-pair/1'), encoder.encode(joiner), encoder.encode(inviter))
}
