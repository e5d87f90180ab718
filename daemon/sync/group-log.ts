/**
 * This device's copy of its group's log: durable before anyone sees it, replayed after each change. Changes are made one after
 * another; listeners hear of each once it is on disk.
 */

import type { Crypto, Signed, Signer } from '../../protocol/crypto.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { DeviceRecord, FolderRecord, GroupOp, OpDraft, Role } from '../../protocol/group.ts'
import { OPTION_WITHDRAWN, openOp, sealOp } from '../../protocol/group.ts'
import type { DeviceId, FolderId, GroupId, OpHash } from '../../protocol/ids.ts'
import { opHashOf } from '../../protocol/ids.ts'
import { GROUP_OPS_MAX } from '../../protocol/limits.ts'
import type { GroupGraph } from '../core/group-graph.ts'
import { buildGraph } from '../core/group-graph.ts'
import { forkedAuthors } from '../core/group-forks.ts'
import type { FolderVerdict, RemovalVerdict, RoleVerdict } from '../core/group-rights.ts'
import { mayChangeRole, mayRemove, maySetFolder } from '../core/group-rights.ts'
import { HLC_START, laterHlc, nextHlc } from '../core/hlc.ts'
import type { GroupState, Removal } from '../core/membership.ts'
import { replayGraph } from '../core/membership.ts'
import { hasKnownAuthor } from '../core/seating.ts'
import type { Clock, StateFiles } from '../ports.ts'
import { GroupError } from './group-error.ts'
import { dropOtherRecoveryWords, wholeGraph, writeExpulsion, writeGroupFile } from './group-file.ts'

export interface GroupLogPorts {
  readonly files: StateFiles
  readonly clock: Clock
  readonly crypto: Crypto
  readonly signer: Signer
}

/** How this device stands to the group whose log it holds. */
export type Standing =
  | 'member'
  /** It removed itself: what remains is to forget the group and to make a new identity. */
  | 'left'
  /** Another device removed it. */
  | 'removed'
  /** Its key was never in this group: a new identity beside the log of the old one. */
  | 'stranger'

export type Adoption =
  /** The log was replaced; `folders` are those of the dissolved group, which were created again in this one. */
  | { readonly kind: 'adopted'; readonly folders: readonly FolderRecord[] }
  /** The log does not make this device a member. */
  | { readonly kind: 'not-a-member' }
  /** This device has come to share its group with others meanwhile. */
  | { readonly kind: 'not-alone' }
  /** The log contains what only a newer Holt understands. */
  | { readonly kind: 'update-needed' }

export type GroupListener = (after: GroupState, before: GroupState) => void

export class GroupLog {
  readonly self: DeviceId
  readonly #ports: GroupLogPorts
  readonly #listeners = new Set<GroupListener>()
  #graph: GroupGraph
  #state: GroupState
  /** What removed this device, where only others have it in their logs. */
  #expulsion: GroupOp | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** Of a graph that is on disk already; `openGroupLog` makes it. */
  constructor(ports: GroupLogPorts, graph: GroupGraph, expulsion?: GroupOp) {
    this.self = ports.signer.device
    this.#ports = ports
    this.#graph = graph
    this.#expulsion = expulsion
    this.#state = replayGraph(graph)
  }

  get state(): GroupState {
    return this.#state
  }

  get groupId(): GroupId {
    return this.#state.groupId
  }

  get standing(): Standing {
    const removal = this.removal
    if (removal === undefined && this.#state.members.has(this.self)) return 'member'
    if (removal === undefined) return 'stranger'
    return removal.by === this.self ? 'left' : 'removed'
  }

  /** Who took this device out of the group, and when; undefined while it is in. */
  get removal(): Removal | undefined {
    const known = this.#state.removed.get(this.self)
    const op = this.#expulsion
    if (known !== undefined || op === undefined || !removesFrom(this.#state, op, this.self)) return known
    return { by: op.author, atMs: op.hlc.ms, isLost: op.change.isLost }
  }

  /** Members whose key has signed operations that do not know of each other, with the one that shows it. */
  get forked(): ReadonlyMap<DeviceId, GroupOp> {
    return forkedAuthors(this.#graph)
  }

  get graph(): GroupGraph {
    return this.#graph
  }

  isMember(device: DeviceId): boolean {
    return this.#state.members.has(device)
  }

  /** Predecessors first. */
  get ops(): readonly GroupOp[] {
    return this.#graph.order
  }

  has(hash: OpHash): boolean {
    return this.#graph.get(hash) !== undefined
  }

  /** What someone lacks who knows these operations and all before them, predecessors first. */
  missingAfter(known: Iterable<OpHash>): GroupOp[] {
    return this.#graph.missingAfter(known)
  }

  /** Calls after each change that is on disk, with the state as it is then. */
  onChange(listener: GroupListener): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /**
   * Takes operations that another device sent, in any order; what is known already is passed over.
   * @param accept Asked with the state that would come of it; nothing is taken unless it agrees.
   * @returns How many were new; undefined when `accept` did not agree.
   * @throws ProtocolError: one is not part of this group's log; none was taken.
   */
  async merge(ops: readonly Signed[], accept?: (after: GroupState) => boolean): Promise<number | undefined> {
    return this.#serially(async () => {
      const fresh = this.#openUnknown(ops)
      if (fresh.length === 0) return accept === undefined || accept(this.#state) ? 0 : undefined
      const graph = this.#extended(fresh)
      const state = replayGraph(graph)
      if (accept !== undefined && !accept(state)) return undefined
      await this.#replace(graph, state)
      return fresh.length
    })
  }

  /** Signs the operation that adds a device, and does not take it: `merge` does, once the device has it. */
  signAddition(record: DeviceRecord, pairSid: Uint8Array): GroupOp {
    return this.#sign(this.#graph, { kind: 'add', record, pairSid })
  }

  async setFolder(record: FolderRecord): Promise<FolderVerdict> {
    return this.#serially(async () => {
      const verdict = maySetFolder(this.#state, this.self, record.folder)
      if (verdict === 'allowed') await this.#append({ kind: 'folder', record })
      return verdict
    })
  }

  /** Takes a folder's offer back from the whole group. Withdrawing what is withdrawn succeeds. */
  async withdrawFolder(folder: FolderId): Promise<FolderVerdict | 'not-found'> {
    const known = this.#state.folders.get(folder)
    if (known === undefined) return 'not-found'
    if (known.isWithdrawn) return 'allowed'
    const options = [...known.options, [OPTION_WITHDRAWN, new Uint8Array()] as const]
    return this.setFolder({ ...known, options: options.sort(([a], [b]) => (a < b ? -1 : 1)) })
  }

  /** Renames this device: nobody else may. @throws GroupError `not-a-member` */
  async rename(name: string): Promise<void> {
    await this.#serially(() => this.#append({ kind: 'rename', device: this.self, name }))
  }

  /** @param isLost The device is in other hands. */
  async remove(device: DeviceId, isLost: boolean): Promise<RemovalVerdict> {
    return this.#serially(async () => {
      const verdict = mayRemove(this.#state, this.self, device, isLost)
      if (verdict === 'allowed') await this.#append({ kind: 'remove', device, isLost })
      return verdict
    })
  }

  /** Giving a device the role that it has succeeds. */
  async setRole(device: DeviceId, role: Role): Promise<RoleVerdict> {
    return this.#serially(async () => {
      const verdict = mayChangeRole(this.#state, this.self, device, role)
      const isNew = this.#state.members.get(device)?.role !== role
      if (verdict === 'allowed' && isNew) await this.#append({ kind: 'role', device, role })
      return verdict
    })
  }

  /**
   * Another device says that this one was removed, and shows the operation. It counts here only if its author could do that as
   * far as this log knows. @returns whether this device is out by it. @throws ProtocolError
   */
  async noteRemoval(ops: readonly Signed[]): Promise<boolean> {
    return this.#serially(async () => {
      const opened = ops.map((op) => openOp(op, this.#ports.crypto))
      const op = opened.find((each) => removesFrom(this.#state, each, this.self))
      if (op === undefined || this.removal !== undefined) return this.removal !== undefined
      await writeExpulsion(this.#ports.files, op)
      this.#expulsion = op
      this.#tell(this.#state)
      return true
    })
  }

  /**
   * Takes this device out of its group. Afterwards, in this order: tell the members that are online (`exchangeGroup`), write a
   * new identity in place of the old one, `forgetGroup`, and open a new log with the new signer. If that is interrupted,
   * `standing` says `left` or `stranger` at the next start, and the rest is to be done then.
   */
  async leave(): Promise<'left' | 'alone'> {
    return this.#serially(async () => {
      if (this.standing === 'member') {
        if (this.#state.members.size === 1) return 'alone'
        await this.#append({ kind: 'remove', device: this.self, isLost: false })
      }
      return 'left'
    })
  }

  /**
   * Dissolves this group of one into another: its log is replaced, and its folders are created again under the same ids, in one
   * durable step.
   * @throws ProtocolError: the operations are no whole log of that group.
   */
  async adopt(group: GroupId, ops: readonly Signed[]): Promise<Adoption> {
    return this.#serially(async () => {
      if (this.#state.members.size > 1) return { kind: 'not-alone' }
      const adopted = wholeGraph(ops.map((op) => openOp(op, this.#ports.crypto)))
      if (adopted.genesis.group !== group) throw new ProtocolError('bad-field', 'this is the log of another group')
      const state = replayGraph(adopted)
      if (state.hasUnknownKind) return { kind: 'update-needed' }
      if (!state.members.has(this.self)) return { kind: 'not-a-member' }
      const folders = [...this.#state.folders.values()].filter(
        ({ folder, isWithdrawn }) => !isWithdrawn && maySetFolder(state, this.self, folder) === 'allowed',
      )
      let graph = adopted
      for (const { folder, name, defaultMode, options } of folders) {
        if (state.folders.has(folder)) continue
        const record = { folder, name, defaultMode, options }
        graph = buildGraph(graph.genesis, [...graph.order, this.#sign(graph, { kind: 'folder', record })])
      }
      await this.#replace(graph, replayGraph(graph))
      await dropOtherRecoveryWords(this.#ports.files, group)
      return { kind: 'adopted', folders }
    })
  }

  #openUnknown(ops: readonly Signed[]): GroupOp[] {
    const { crypto } = this.#ports
    const fresh = new Map<OpHash, GroupOp>()
    for (const signed of ops) {
      const hash = opHashOf(crypto.blake3(signed.body))
      if (!this.has(hash) && !fresh.has(hash)) fresh.set(hash, openOp(signed, crypto))
    }
    return [...fresh.values()]
  }

  #extended(fresh: readonly GroupOp[]): GroupGraph {
    if (this.#graph.order.length + fresh.length > GROUP_OPS_MAX)
      throw new ProtocolError('too-large', `a group has more than ${GROUP_OPS_MAX} operations`)
    const graph = buildGraph(this.#graph.genesis, [...this.#graph.order, ...fresh])
    for (const op of fresh) {
      if (graph.get(op.hash) === undefined)
        throw new ProtocolError('broken-chain', 'a group operation does not continue this group')
      if (!hasKnownAuthor(graph, op))
        throw new ProtocolError('broken-chain', 'a group operation is of a device that was never in the group')
    }
    return graph
  }

  async #append(change: OpDraft['change']): Promise<void> {
    if (this.standing !== 'member') throw new GroupError('not-a-member', 'this device is no longer in the group')
    const graph = this.#extended([this.#sign(this.#graph, change)])
    await this.#replace(graph, replayGraph(graph))
  }

  #sign(graph: GroupGraph, change: OpDraft['change']): GroupOp {
    const { signer, crypto, clock } = this.#ports
    const latest = graph.order.reduce((hlc, op) => laterHlc(hlc, op.hlc), HLC_START)
    const hlc = nextHlc(latest, clock.wallMs())
    return sealOp({ group: graph.genesis.group, prev: graph.heads, hlc, change }, signer, crypto)
  }

  async #replace(graph: GroupGraph, state: GroupState): Promise<void> {
    await writeGroupFile(this.#ports.files, graph.order)
    const before = this.#state
    this.#graph = graph
    this.#state = state
    this.#tell(before)
  }

  #tell(before: GroupState): void {
    for (const listener of [...this.#listeners]) listener(this.#state, before)
  }

  /** One change after another, whatever became of the one before. */
  async #serially<T>(change: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(change, change)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}

type RemovalOp = GroupOp & { readonly change: Extract<GroupOp['change'], { kind: 'remove' }> }

/** Whether an operation that is not in the log takes a device out of it, by all that the log knows of its author. */
function removesFrom({ groupId, members, recovery }: GroupState, op: GroupOp, device: DeviceId): op is RemovalOp {
  if (op.group !== groupId || op.change.kind !== 'remove' || op.change.device !== device) return false
  const [author, own] = [members.get(op.author), members.get(device)]
  if (own === undefined || op.author === recovery) return own !== undefined
  return author?.role === 'admin' && author.seniority < own.seniority
}
