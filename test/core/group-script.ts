/** Writes group logs as a story: who did what, having seen what. */

import assert from 'node:assert/strict'
import type { GroupOp, OpDraft, Role } from '../../protocol/group.ts'
import { sealOp } from '../../protocol/group.ts'
import { encode } from '../../protocol/codec.ts'
import { sealBody } from '../../protocol/crypto.ts'
import type { Signer } from '../../protocol/crypto.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { deviceKey, folderIdOf, idBytes } from '../../protocol/ids.ts'
import { openOp } from '../../protocol/group.ts'
import type { FolderRecord } from '../../protocol/group.ts'
import { createNativeCrypto, createSigner } from '../../daemon/native-crypto.ts'
import { buildGraph } from '../../daemon/core/group-graph.ts'
import { laterHlc } from '../../daemon/core/hlc.ts'
import type { GroupState } from '../../daemon/core/membership.ts'
import { replay } from '../../daemon/core/membership.ts'

export const crypto = createNativeCrypto()

/** The key of a name; the same in every story. */
export function signerOf(name: string): Signer {
  const seed = new Uint8Array(32).fill(1)
  seed.set(new TextEncoder().encode(name).subarray(0, 32))
  return createSigner(seed)
}

export const idOf = (name: string): DeviceId => signerOf(name).device

export class GroupScript {
  readonly ops: GroupOp[] = []
  readonly #signers = new Map<string, Signer>()

  /** Founded by `founder`; the recovery words are the key of `recovery`. */
  constructor(founder: string) {
    const record = { device: this.id(founder), exchangeKey: new Uint8Array(32), name: founder, role: 'admin' } as const
    this.#write(founder, null, [], {
      kind: 'genesis',
      name: 'group',
      nonce: new Uint8Array(16),
      recovery: this.id('recovery'),
      recoveryExchangeKey: new Uint8Array(32),
      founder: record,
    })
  }

  get genesis(): GroupOp {
    const [genesis] = this.ops
    assert.ok(genesis)
    return genesis
  }

  get state(): GroupState {
    return replay(this.genesis, this.ops)
  }

  id(name: string): DeviceId {
    return this.#signer(name).device
  }

  add(author: string, name: string, after?: readonly GroupOp[], role: Role = 'admin', ms = 0): GroupOp {
    const record = { device: this.id(name), exchangeKey: new Uint8Array(32), name, role }
    return this.op(author, { kind: 'add', record, pairSid: new Uint8Array(32) }, after, ms)
  }

  remove(author: string, name: string, after?: readonly GroupOp[], isLost = false): GroupOp {
    return this.op(author, { kind: 'remove', device: this.id(name), isLost }, after)
  }

  role(author: string, name: string, role: Role, after?: readonly GroupOp[]): GroupOp {
    return this.op(author, { kind: 'role', device: this.id(name), role }, after)
  }

  folder(author: string, name: string, after?: readonly GroupOp[], options: FolderRecord['options'] = []): GroupOp {
    const folder = folderIdOf(new Uint8Array(16).fill(name.charCodeAt(0)))
    return this.op(author, { kind: 'folder', record: { folder, name, defaultMode: 'send-receive', options } }, after)
  }

  rename(author: string, device: string, name: string, after?: readonly GroupOp[]): GroupOp {
    return this.op(author, { kind: 'rename', device: this.id(device), name }, after)
  }

  /**
   * @param after What the author had seen; everything written so far when it is left out.
   * @param ms What its clock says, if that is later than what it had seen.
   */
  op(author: string, change: OpDraft['change'], after?: readonly GroupOp[], ms = 0): GroupOp {
    return this.#write(author, this.genesis.group, after ?? this.#heads(), change, ms)
  }

  /** An operation of a kind that this program does not know. */
  unknown(author: string, after: readonly GroupOp[] = this.#heads()): GroupOp {
    const hlc = after.reduce((latest, op) => laterHlc(latest, op.hlc), { ms: 0, counter: 0 })
    const body = encode([
      1,
      idBytes(this.genesis.group),
      [...after.map(({ hash }) => hash)].sort().map(idBytes),
      deviceKey(this.id(author)),
      [hlc.ms + 1, 0],
      99,
      ['something new'],
    ])
    const op = openOp(sealBody('group', body, this.#signer(author), crypto), crypto)
    this.ops.push(op)
    return op
  }

  #heads(): GroupOp[] {
    const graph = buildGraph(this.genesis, this.ops)
    return graph.order.filter(({ hash }) => graph.heads.includes(hash))
  }

  #write(
    author: string,
    group: OpDraft['group'],
    after: readonly GroupOp[],
    change: OpDraft['change'],
    ms = 0,
  ): GroupOp {
    const latest = after.reduce((hlc, op) => laterHlc(hlc, op.hlc), { ms: 0, counter: 0 })
    const prev = [...new Set(after.map(({ hash }) => hash))]
    const draft = { group, prev, hlc: { ms: Math.max(latest.ms + 1, ms), counter: 0 }, change }
    const op = sealOp(draft, this.#signer(author), crypto)
    this.ops.push(op)
    return op
  }

  #signer(name: string): Signer {
    const signer = this.#signers.get(name) ?? signerOf(name)
    this.#signers.set(name, signer)
    return signer
  }
}

/** All that a state says, as plain text: what two devices must agree on. `heads` are left out on wish. */
export function outline(state: GroupState, o: { readonly heads: boolean } = { heads: true }): string {
  const { groupId, name, members, removed, folders, heads, hasUnknownKind } = state
  return JSON.stringify({
    groupId,
    name,
    members: [...members.values()].map((member) => [member.name, member.role, member.seniority, member.addedBy]),
    removed: [...removed].map(([device, { by, isLost }]) => [device, by, isLost]).sort(),
    folders: [...folders.values()].map((folder) => [folder.folder, folder.name, folder.isWithdrawn]).sort(),
    heads: o.heads ? heads : [],
    hasUnknownKind,
  })
}

export function membersOf(state: GroupState): string {
  return [...state.members.values()].map(({ name }) => name).join(' ')
}
