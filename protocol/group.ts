/**
 * Group operations: the signed log that says who is in a group and which folders it has.
 *
 *     GroupOp  = [1, groupId32|null, prev:[opHash32…] sorted, author32, [hlcMs, ctr], kind, body]
 *     0 genesis [name, nonce16, recoveryEd32, recoveryX32, DeviceRec]    1 add    [DeviceRec, pairSid32]
 *     2 remove  [ed32, lost]                                             3 role   [ed32, role]
 *     4 folder  [folderId16, name, defaultMode, options]                 5 keys   [folderId16, keyEpoch, [[ed32, sealed80]…]]
 *     6 rename  [ed32, name]
 *     DeviceRec = [ed32, x32, name, role]        role: 0 member · 1 admin · 2 mirror
 *     options   = [[key, bytes]…] sorted by key; unknown ones are kept
 *
 * The group's id is the hash of its genesis, which therefore carries null in its place and has no `prev`; every other
 * operation names at least one. What an operation means is decided in `core/membership`; here is only its form.
 */

import type { Value } from './codec.ts'
import { asArray, asBool, asBytes, asList, asNullable, asText, asUint, decode, encode } from './codec.ts'
import type { Crypto, Signed, Signer } from './crypto.ts'
import { checkSignature, sealBody } from './crypto.ts'
import { ProtocolError } from './errors.ts'
import type { DeviceId, FolderId, GroupId, OpHash } from './ids.ts'
import { deviceIdOf, deviceKey, folderIdOf, groupIdOf, idBytes, opHashOf } from './ids.ts'
import { GROUP_DEVICES_MAX, GROUP_OP_BYTES_MAX, HASH_BYTES, KEY_BYTES, NAME_BYTES_MAX } from './limits.ts'
import type { Hlc } from './manifest.ts'

export const GENESIS_NONCE_BYTES = 16
export const PAIR_SID_BYTES = 32
const SEALED_KEY_BYTES = 80
/** Heads that one operation joins: more than devices can be writing at once. */
const PREV_MAX = 128
const OPTIONS_MAX = 16
const OPTION_KEY_BYTES_MAX = 64
const OPTION_VALUE_BYTES_MAX = 1024
const VERSION = 1

/** `mirror` is untrusted: it holds only what it cannot read. */
export type Role = 'member' | 'admin' | 'mirror'
const ROLES: readonly Role[] = ['member', 'admin', 'mirror']

/** What a device does with a folder unless it chooses otherwise. */
export type FolderMode = 'send-receive' | 'send-only' | 'receive-only' | 'receive-archive'
const MODES: readonly FolderMode[] = ['send-receive', 'send-only', 'receive-only', 'receive-archive']

/** The option that withdraws a folder's offer from the whole group; its value is empty. */
export const OPTION_WITHDRAWN = 'withdrawn'

export interface DeviceRecord {
  readonly device: DeviceId
  /** X25519, 32 bytes: what keys are sealed to. */
  readonly exchangeKey: Uint8Array
  readonly name: string
  readonly role: Role
}

export interface FolderRecord {
  readonly folder: FolderId
  readonly name: string
  readonly defaultMode: FolderMode
  /** Sorted by key, each once. */
  readonly options: readonly (readonly [key: string, value: Uint8Array])[]
}

export type GroupChange =
  | {
      readonly kind: 'genesis'
      readonly name: string
      readonly nonce: Uint8Array
      /** The author of operations that are signed with the recovery words. */
      readonly recovery: DeviceId
      readonly recoveryExchangeKey: Uint8Array
      readonly founder: DeviceRecord
    }
  | { readonly kind: 'add'; readonly record: DeviceRecord; readonly pairSid: Uint8Array }
  /** `isLost`: it is in other hands. */
  | { readonly kind: 'remove'; readonly device: DeviceId; readonly isLost: boolean }
  | { readonly kind: 'role'; readonly device: DeviceId; readonly role: Role }
  | { readonly kind: 'folder'; readonly record: FolderRecord }
  | {
      readonly kind: 'keys'
      readonly folder: FolderId
      readonly keyEpoch: number
      readonly sealed: readonly (readonly [device: DeviceId, sealed: Uint8Array])[]
    }
  | { readonly kind: 'rename'; readonly device: DeviceId; readonly name: string }
  /** Of a newer Holt. Its author, place and signature are known, its meaning is not. */
  | { readonly kind: 'unknown'; readonly number: number }

/** An operation whose signature was checked. */
export interface GroupOp {
  readonly hash: OpHash
  /** The hash of the genesis; for the genesis itself its own. */
  readonly group: GroupId
  /** Sorted, each once; empty only in the genesis. */
  readonly prev: readonly OpHash[]
  readonly author: DeviceId
  readonly hlc: Hlc
  readonly change: GroupChange
  readonly signed: Signed
}

/** What an author fills in. `group` is null for a genesis. */
export interface OpDraft {
  readonly group: GroupId | null
  readonly prev: readonly OpHash[]
  readonly hlc: Hlc
  readonly change: Exclude<GroupChange, { kind: 'unknown' }>
}

const KIND_NUMBERS = { genesis: 0, add: 1, remove: 2, role: 3, folder: 4, keys: 5, rename: 6 } as const
const SIGNING_DOMAIN = 'group'

export function sealOp(draft: OpDraft, signer: Signer, crypto: Crypto): GroupOp {
  const body = encode([
    VERSION,
    draft.group === null ? null : idBytes(draft.group),
    [...draft.prev].sort().map(idBytes),
    deviceKey(signer.device),
    [draft.hlc.ms, draft.hlc.counter],
    KIND_NUMBERS[draft.change.kind],
    changeToWire(draft.change),
  ])
  return openOp(sealBody(SIGNING_DOMAIN, body, signer, crypto), crypto)
}

/** Verifies before it returns. @throws ProtocolError */
export function openOp(signed: Signed, crypto: Crypto): GroupOp {
  if (signed.body.length > GROUP_OP_BYTES_MAX) throw new ProtocolError('too-large', 'a group operation is too large')
  const fields = asArray(decode(signed.body), 'group operation')
  if (asUint(fields[0], 'operation version') !== VERSION)
    throw new ProtocolError('unknown-version', 'the group was changed by a newer Holt: update Holt here')
  asArray(fields, 'group operation', 7)
  const authorKey = asBytes(fields[3], 'operation author', KEY_BYTES)
  checkSignature(SIGNING_DOMAIN, signed, authorKey, crypto)
  const hash = opHashOf(crypto.blake3(signed.body))
  const group = asNullable(fields[1], (id) => groupIdOf(asBytes(id, 'group', HASH_BYTES)))
  const prev = asList(fields[2], 'previous operations', PREV_MAX).map((op) =>
    opHashOf(asBytes(op, 'previous operation', HASH_BYTES)),
  )
  if (!isAscending(prev)) throw new ProtocolError('bad-field', 'previous operations are not sorted')
  const change = changeFromWire(asUint(fields[5], 'operation kind'), fields[6])
  const isGenesis = change.kind === 'genesis'
  if ((group === null) !== isGenesis || (prev.length === 0) !== isGenesis)
    throw new ProtocolError('bad-field', 'only a genesis stands at the beginning of a group')
  return {
    hash,
    group: group ?? groupIdOf(idBytes(hash)),
    prev,
    author: deviceIdOf(authorKey),
    hlc: hlcFrom(fields[4]),
    change,
    signed,
  }
}

function changeToWire(change: OpDraft['change']): Value {
  switch (change.kind) {
    case 'genesis':
      return [
        change.name,
        change.nonce,
        deviceKey(change.recovery),
        change.recoveryExchangeKey,
        deviceToWire(change.founder),
      ]
    case 'add':
      return [deviceToWire(change.record), change.pairSid]
    case 'remove':
      return [deviceKey(change.device), change.isLost]
    case 'role':
      return [deviceKey(change.device), ROLES.indexOf(change.role)]
    case 'folder':
      return folderToWire(change.record)
    case 'keys':
      return [
        idBytes(change.folder),
        change.keyEpoch,
        change.sealed.map(([device, sealed]) => [deviceKey(device), sealed]),
      ]
    case 'rename':
      return [deviceKey(change.device), change.name]
  }
}

function changeFromWire(number: number, body: Value | undefined): GroupChange {
  switch (number) {
    case KIND_NUMBERS.genesis:
      return genesisFrom(asArray(body, 'genesis', 5))
    case KIND_NUMBERS.add: {
      const [record, pairSid] = asArray(body, 'add', 2)
      return { kind: 'add', record: deviceFrom(record), pairSid: asBytes(pairSid, 'pairing session', PAIR_SID_BYTES) }
    }
    case KIND_NUMBERS.remove: {
      const [device, isLost] = asArray(body, 'remove', 2)
      return { kind: 'remove', device: deviceIdFrom(device), isLost: asBool(isLost, 'lost') }
    }
    case KIND_NUMBERS.role: {
      const [device, role] = asArray(body, 'role', 2)
      return { kind: 'role', device: deviceIdFrom(device), role: roleFrom(role) }
    }
    case KIND_NUMBERS.folder:
      return { kind: 'folder', record: folderFrom(asArray(body, 'folder', 4)) }
    case KIND_NUMBERS.keys:
      return keysFrom(asArray(body, 'keys', 3))
    case KIND_NUMBERS.rename: {
      const [device, name] = asArray(body, 'rename', 2)
      return { kind: 'rename', device: deviceIdFrom(device), name: nameFrom(name, 'device name') }
    }
    default:
      return { kind: 'unknown', number }
  }
}

function genesisFrom(fields: readonly Value[]): GroupChange {
  return {
    kind: 'genesis',
    name: nameFrom(fields[0], 'group name'),
    nonce: asBytes(fields[1], 'nonce', GENESIS_NONCE_BYTES),
    recovery: deviceIdFrom(fields[2]),
    recoveryExchangeKey: asBytes(fields[3], 'recovery exchange key', KEY_BYTES),
    founder: deviceFrom(fields[4]),
  }
}

function keysFrom(fields: readonly Value[]): GroupChange {
  const sealed = asList(fields[2], 'sealed keys', GROUP_DEVICES_MAX + 1).map((pair) => {
    const [device, bytes] = asArray(pair, 'sealed key', 2)
    return [deviceIdFrom(device), asBytes(bytes, 'sealed key', SEALED_KEY_BYTES)] as const
  })
  return {
    kind: 'keys',
    folder: folderIdOf(asBytes(fields[0], 'folder')),
    keyEpoch: asUint(fields[1], 'key epoch'),
    sealed,
  }
}

function deviceToWire(record: DeviceRecord): Value {
  return [deviceKey(record.device), record.exchangeKey, record.name, ROLES.indexOf(record.role)]
}

function deviceFrom(value: Value | undefined): DeviceRecord {
  const [device, exchangeKey, name, role] = asArray(value, 'device', 4)
  return {
    device: deviceIdFrom(device),
    exchangeKey: asBytes(exchangeKey, 'exchange key', KEY_BYTES),
    name: nameFrom(name, 'device name'),
    role: roleFrom(role),
  }
}

function folderToWire({ folder, name, defaultMode, options }: FolderRecord): Value {
  return [idBytes(folder), name, MODES.indexOf(defaultMode), options.map(([key, value]) => [key, value])]
}

function folderFrom(fields: readonly Value[]): FolderRecord {
  const options = asList(fields[3], 'folder options', OPTIONS_MAX).map((pair) => {
    const [key, value] = asArray(pair, 'folder option', 2)
    const bytes = asBytes(value, 'folder option value')
    if (bytes.length > OPTION_VALUE_BYTES_MAX) throw new ProtocolError('too-large', 'a folder option is too large')
    return [asText(key, 'folder option', OPTION_KEY_BYTES_MAX), bytes] as const
  })
  if (!isAscending(options.map(([key]) => key))) throw new ProtocolError('bad-field', 'folder options are not sorted')
  const mode = MODES[asUint(fields[2], 'folder mode')]
  if (mode === undefined)
    throw new ProtocolError('unknown-version', 'a folder has a mode of a newer Holt: update Holt here')
  return {
    folder: folderIdOf(asBytes(fields[0], 'folder')),
    name: nameFrom(fields[1], 'folder name'),
    defaultMode: mode,
    options,
  }
}

function roleFrom(value: Value | undefined): Role {
  const role = ROLES[asUint(value, 'role')]
  if (role === undefined)
    throw new ProtocolError('unknown-version', 'a device has a role of a newer Holt: update Holt here')
  return role
}

function nameFrom(value: Value | undefined, what: string): string {
  const name = asText(value, what, NAME_BYTES_MAX)
  if (name === '') throw new ProtocolError('bad-field', `a ${what} is empty`)
  return name
}

function deviceIdFrom(value: Value | undefined): DeviceId {
  return deviceIdOf(asBytes(value, 'device', KEY_BYTES))
}

function hlcFrom(value: Value | undefined): Hlc {
  const [ms, counter] = asArray(value, 'clock', 2)
  return { ms: asUint(ms, 'clock milliseconds'), counter: asUint(counter, 'clock counter') }
}

function isAscending(texts: readonly string[]): boolean {
  return texts.every((text, i) => i === 0 || text > (texts[i - 1] ?? ''))
}
