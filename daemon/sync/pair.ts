/**
 * What both sides of a pairing have in common (`protocol.md` §1): what they need, how it ends, and the exchange of keys.
 */

import type { CpaceInput, CpaceMessage } from '../../protocol/cpace.ts'
import { confirmationTag, createSecret, deriveKey } from '../../protocol/cpace.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { FolderRecord } from '../../protocol/group.ts'
import type { DeviceId, GroupId } from '../../protocol/ids.ts'
import type { PairingCode } from '../../protocol/pairing.ts'
import { passwordOf } from '../../protocol/pairing.ts'
import type { PairIntroduction } from '../../protocol/pairing-messages.ts'
import { decodeIntroduction, encodeIntroduction, pairingChannel } from '../../protocol/pairing-messages.ts'
import type { Clock, PeerTransport, Random } from '../ports.ts'
import type { GroupLog } from './group-log.ts'
import type { Stop } from './pair-channel.ts'

export interface PairPorts {
  readonly transport: PeerTransport
  readonly clock: Clock
  readonly random: Random
  readonly log: GroupLog
  /** `linux`, `darwin`, `win32`. */
  readonly platform: string
  /** X25519 public key of this device, 32 bytes. */
  readonly exchangeKey: Uint8Array
}

/** What the device becomes that joins the group of the other; never more than the one that takes it in. */
export type GuestRole = 'admin' | 'member'

/** How a pairing ends. Every kind is expected, and none is an error of this program. */
export type PairResult =
  | Paired
  /** The other device uses another code, or somebody stands in between. */
  | { readonly kind: 'wrong-code' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'cancelled' }
  /** Another run is under way: over there, or (inviting) here. */
  | { readonly kind: 'busy' }
  /** The other device shows no code, or no longer; inviting: too many wrong codes came, and a person must `reopen`. */
  | { readonly kind: 'closed' }
  /** The code is not spent. */
  | { readonly kind: 'both-in-groups'; readonly ours: GroupSummary; readonly theirs: TheirGroup }
  /** The code is not spent. */
  | { readonly kind: 'same-group'; readonly device: DeviceId; readonly name: string }
  | { readonly kind: 'timeout' }
  /** No device shows the nameplate, or none answers at the address. */
  | { readonly kind: 'not-found' }
  /** The group that would stay has removed the joining device once: it must `holt leave` to get a new key. The code is not spent. */
  | { readonly kind: 'was-removed'; readonly device: DeviceId }
  /** The group that would stay has as many devices as it may have. The code is not spent. */
  | { readonly kind: 'full' }
  /** The group that stays was changed by a newer Holt than the one that joins it. */
  | { readonly kind: 'update-needed' }
  /** This device is no member of the group whose log it holds: `holt leave` first. */
  | { readonly kind: 'not-a-member' }
  /** The connection ended. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'broken'; readonly detail: string }

export interface Paired {
  readonly kind: 'paired'
  readonly device: DeviceId
  readonly name: string
  readonly platform: string
  readonly groupId: GroupId
  readonly groupName: string
  /** What the device that has joined the group is in it. */
  readonly guestRole: GuestRole
  /** This device's group of one was dissolved; these are its folders, which the group now has. Null: our group stayed. */
  readonly broughtFolders: readonly FolderRecord[] | null
}

export interface GroupSummary {
  readonly groupName: string
  /** Names of the members without this device. */
  readonly others: readonly string[]
}

export interface TheirGroup {
  readonly device: DeviceId
  readonly name: string
  readonly groupName: string
  readonly otherMembers: number
}

/** What this device says of itself. @throws when it is in no group, which the caller has ruled out. */
export function introduce(ports: PairPorts): PairIntroduction {
  const { state, self } = ports.log
  const member = state.members.get(self)
  if (member === undefined) throw new Error('only a member introduces itself')
  return {
    name: member.name,
    platform: ports.platform,
    exchangeKey: ports.exchangeKey,
    groupId: state.groupId,
    groupName: state.name,
    otherMembers: state.members.size - 1,
  }
}

/** One side of the key exchange. */
export interface Exchange {
  readonly sessionId: Uint8Array
  readonly own: CpaceMessage
  /** Both tags, once the other's message is there; undefined when it contains no share. */
  tags(other: CpaceMessage): { readonly own: Uint8Array; readonly other: Uint8Array } | undefined
}

export function startExchange(
  ports: PairPorts,
  code: PairingCode,
  run: { readonly joiner: DeviceId; readonly inviter: DeviceId; readonly sessionId: Uint8Array },
): Exchange {
  const { sessionId } = run
  const input: CpaceInput = {
    password: passwordOf(code),
    channel: pairingChannel(run.joiner, run.inviter),
    sessionId,
  }
  const secret = createSecret(input, ports.random.bytes(32))
  const own = { share: secret.share, associated: encodeIntroduction(introduce(ports)) }
  const isJoiner = run.joiner === ports.log.self
  return {
    sessionId,
    own,
    tags(other) {
      const key = isJoiner ? deriveKey(input, secret, own, other) : deriveKey(input, secret, other, own)
      if (key === undefined) return undefined
      return { own: confirmationTag(key, sessionId, own), other: confirmationTag(key, sessionId, other) }
    },
  }
}

/** @returns undefined for bytes that are no introduction. */
export function readIntroduction(associated: Uint8Array): PairIntroduction | undefined {
  try {
    return decodeIntroduction(associated)
  } catch (cause) {
    if (cause instanceof ProtocolError) return undefined
    throw cause
  }
}

/** What a conversation that stopped means for the pairing, on the side of `self`. */
export function resultOf(stop: Stop, self: DeviceId): PairResult {
  if (stop.kind !== 'refused') return stop
  switch (stop.reason) {
    case 'closed':
    case 'busy':
    case 'wrong-code':
    case 'full':
      return { kind: stop.reason }
    case 'removed':
      return { kind: 'was-removed', device: self }
    case 'update':
      return { kind: 'update-needed' }
    case 'both-in-groups':
    case 'same-group':
    case 'other':
      return { kind: 'broken', detail: `the other device ended the pairing: ${stop.reason}` }
  }
}
