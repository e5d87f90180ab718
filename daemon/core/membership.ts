/**
 * A group as its log tells it (`protocol.md` §2): the deterministic replay of the operations into who is in it and what it
 * shares. Who is in is decided in `seating.ts`; what a device without standing did is void.
 */

import type { FolderRecord, GroupOp, Role } from '../../protocol/group.ts'
import { OPTION_WITHDRAWN } from '../../protocol/group.ts'
import type { DeviceId, FolderId, GroupId, OpHash } from '../../protocol/ids.ts'
import { FOLDERS_MAX } from '../../protocol/limits.ts'
import type { Hlc } from '../../protocol/manifest.ts'
import type { GroupGraph } from './group-graph.ts'
import { buildGraph } from './group-graph.ts'
import type { Seating } from './seating.ts'
import { roleAt, seatAll, standing } from './seating.ts'

export interface Member {
  readonly device: DeviceId
  readonly name: string
  readonly role: Role
  /** X25519, 32 bytes. */
  readonly exchangeKey: Uint8Array
  /** Null for the founder. */
  readonly addedBy: DeviceId | null
  /** When it was added, by its inviter's clock. */
  readonly hlc: Hlc
  /** 0 for the founder; lower is senior. */
  readonly seniority: number
}

/** How a device came out of the group. */
export interface Removal {
  /** The author of the removal that counted first: the device itself where it left, the key of the words where those were used. */
  readonly by: DeviceId
  /** When, in milliseconds by its author's clock. */
  readonly atMs: number
  /** Somebody who may say so said that it is in other hands. */
  readonly isLost: boolean
}

export interface GroupFolder extends FolderRecord {
  /** The offer is taken back; whoever holds the folder keeps the files. */
  readonly isWithdrawn: boolean
}

export interface GroupState {
  readonly groupId: GroupId
  readonly name: string
  /** By seniority. */
  readonly members: ReadonlyMap<DeviceId, Member>
  readonly removed: ReadonlyMap<DeviceId, Removal>
  /** The author of operations that are signed with the recovery words. */
  readonly recovery: DeviceId
  /** What each device that ever was a member was last called. */
  readonly names: ReadonlyMap<DeviceId, string>
  readonly folders: ReadonlyMap<FolderId, GroupFolder>
  readonly heads: readonly OpHash[]
  /** A member did something that only a newer Holt understands: nothing may be synced until this one is updated. */
  readonly hasUnknownKind: boolean
}

/** Operations in any order, any number of times. @param genesis Names the group. */
export function replay(genesis: GroupOp, ops: Iterable<GroupOp>): GroupState {
  return replayGraph(buildGraph(genesis, ops))
}

export function replayGraph(graph: GroupGraph): GroupState {
  return stateOf(graph, seatAll(graph))
}

function stateOf(graph: GroupGraph, seating: Seating): GroupState {
  const { change } = graph.genesis
  const names = new Map([...seating.seats].map(([device, { record }]) => [device, record.name]))
  const folders = new Map<FolderId, GroupFolder>()
  let hasUnknownKind = false
  for (const op of graph.order) {
    const authority = standing(seating, op)
    if (authority === undefined) continue
    if (op.change.kind === 'unknown') hasUnknownKind = true
    else if (op.change.kind === 'rename' && op.change.device === op.author) names.set(op.author, op.change.name)
    else if (op.change.kind === 'folder' && (authority === 'admin' || authority === 'member'))
      setFolder(folders, op.change.record)
  }
  return {
    groupId: graph.genesis.group,
    name: change.kind === 'genesis' ? change.name : '',
    members: membersOf(seating, names),
    names,
    removed: removedOf(seating),
    recovery: seating.recovery,
    folders,
    heads: graph.heads,
    hasUnknownKind,
  }
}

function removedOf({ removals }: Seating): Map<DeviceId, Removal> {
  const removed = new Map<DeviceId, Removal>()
  for (const [device, ops] of removals) {
    const [first] = ops
    if (first === undefined) continue
    removed.set(device, { by: first.author, atMs: first.hlc.ms, isLost: ops.some(({ change }) => change.isLost) })
  }
  return removed
}

function setFolder(folders: Map<FolderId, GroupFolder>, record: FolderRecord): void {
  if (folders.size >= FOLDERS_MAX && !folders.has(record.folder)) return
  folders.set(record.folder, { ...record, isWithdrawn: record.options.some(([key]) => key === OPTION_WITHDRAWN) })
}

function membersOf(seating: Seating, names: ReadonlyMap<DeviceId, string>): Map<DeviceId, Member> {
  const members = new Map<DeviceId, Member>()
  for (const [device, seat] of seating.seats) {
    if (seating.removals.has(device)) continue
    members.set(device, {
      device,
      name: names.get(device) ?? seat.record.name,
      role: roleAt(seating, device, seat),
      exchangeKey: seat.record.exchangeKey,
      addedBy: seat.adds[0] === seating.graph.genesis ? null : seat.adds[0].author,
      hlc: seat.adds[0].hlc,
      seniority: seat.seniority,
    })
  }
  return members
}
