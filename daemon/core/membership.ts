/**
 * Who is in a group and what it shares: the deterministic replay of its log (`protocol.md` §2).
 *
 * Devices are *seated* one after another: the founder first, then by the earliest operation that validly adds them. Seats are
 * seniority. Whoever is seated has its removals and role changes counted at once, before anybody junior is looked at:
 *
 *     pop the earliest add whose author is seated → does its author have standing for it? → seat the device
 *       → count its removals and role changes of devices without a seat, and of itself → its own adds join the queue
 *
 * An operation has *standing* if its author is seated, had been added before it, and every counted removal of its author comes
 * after it; its role is what counted role changes before it made of it, and a demotion that came meanwhile holds as well. So
 * of concurrent removals the senior's wins, and the result depends on the set of operations alone. Nobody touches the
 * standing of a device senior to itself; only the key of the recovery words, senior to all, may.
 */

import type { FolderRecord, GroupChange, GroupOp, Role } from '../../protocol/group.ts'
import { OPTION_WITHDRAWN } from '../../protocol/group.ts'
import type { DeviceId, FolderId, GroupId, OpHash } from '../../protocol/ids.ts'
import { FOLDERS_MAX, GROUP_DEVICES_MAX } from '../../protocol/limits.ts'
import type { Hlc } from '../../protocol/manifest.ts'
import type { GroupGraph } from './group-graph.ts'
import { buildGraph } from './group-graph.ts'
import { compareHlc } from './hlc.ts'

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

export interface GroupFolder extends FolderRecord {
  /** The offer is taken back; whoever holds the folder keeps the files. */
  readonly isWithdrawn: boolean
}

export interface GroupState {
  readonly groupId: GroupId
  readonly name: string
  /** By seniority. */
  readonly members: ReadonlyMap<DeviceId, Member>
  /** Each with the author of the removal that counted first. */
  readonly removed: ReadonlyMap<DeviceId, DeviceId>
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

/** Whether an operation's author is a device that the log had named by then: what a log takes in at all. */
export function hasKnownAuthor(graph: GroupGraph, op: GroupOp): boolean {
  const { change } = graph.genesis
  if (change.kind !== 'genesis') return false
  return op.author === change.founder.device || op.author === change.recovery || isAddedBefore(graph, op)
}

interface Seat {
  readonly add: GroupOp
  readonly record: { readonly name: string; readonly role: Role; readonly exchangeKey: Uint8Array }
  readonly seniority: number
}

type Op<K extends GroupChange['kind']> = GroupOp & { readonly change: Extract<GroupChange, { readonly kind: K }> }

/** What has been decided so far. */
interface Seating {
  readonly graph: GroupGraph
  readonly recovery: DeviceId
  readonly byAuthor: ReadonlyMap<DeviceId, readonly GroupOp[]>
  readonly addsOf: ReadonlyMap<DeviceId, readonly GroupOp[]>
  readonly seats: Map<DeviceId, Seat>
  /** Counted removals, by whom they remove. */
  readonly removals: Map<DeviceId, Op<'remove'>[]>
  /** Counted role changes, by whom they concern. */
  readonly roles: Map<DeviceId, Op<'role'>[]>
}

const isKind =
  <K extends GroupChange['kind']>(kind: K) =>
  (op: GroupOp): op is Op<K> =>
    op.change.kind === kind

function seatAll(graph: GroupGraph): Seating {
  const { change } = graph.genesis
  if (change.kind !== 'genesis') throw new Error('a group begins with a genesis')
  const seating: Seating = {
    graph,
    recovery: change.recovery,
    byAuthor: Map.groupBy(graph.order, ({ author }) => author),
    addsOf: Map.groupBy(graph.order.filter(isKind('add')), ({ change: { record } }) => record.device),
    seats: new Map(),
    removals: new Map(),
    roles: new Map(),
  }
  countVerdicts(seating, seating.recovery)
  const queue = addsBy(seating, seating.recovery)
  if (change.founder.device !== seating.recovery) {
    takeSeat(seating, graph.genesis, change.founder)
    queue.push(...addsBy(seating, change.founder.device))
  }
  for (let add = takeEarliest(seating, queue); add !== undefined; add = takeEarliest(seating, queue)) {
    const { record } = add.change
    if (seating.seats.has(record.device) || !mayAdd(seating, add) || isFull(seating)) continue
    takeSeat(seating, add, record)
    queue.push(...addsBy(seating, record.device))
  }
  return seating
}

function addsBy(seating: Seating, author: DeviceId): Op<'add'>[] {
  return (seating.byAuthor.get(author) ?? []).filter(isKind('add'))
}

function takeEarliest({ graph }: Seating, queue: Op<'add'>[]): Op<'add'> | undefined {
  let best = 0
  for (const [i, add] of queue.entries()) {
    const rival = queue[best]
    if (rival !== undefined && compareAge(graph, add, rival) < 0) best = i
  }
  return queue.splice(best, 1)[0]
}

/** A device's add is always older than the adds that it makes itself, whatever its clock says. */
function compareAge(graph: GroupGraph, a: GroupOp, b: GroupOp): number {
  return compareHlc(a.hlc, b.hlc) || graph.depth(a) - graph.depth(b) || (a.hash < b.hash ? -1 : 1)
}

function takeSeat(seating: Seating, add: GroupOp, record: Seat['record'] & { readonly device: DeviceId }): void {
  seating.seats.set(record.device, { add, record, seniority: seating.seats.size })
  countVerdicts(seating, record.device)
}

function mayAdd(seating: Seating, add: Op<'add'>): boolean {
  const { record } = add.change
  if (record.device === seating.recovery) return false
  // A removed key is never added again: not after its removal, and not beside it either.
  if (!isBeforeAll(seating.graph, add, seating.removals.get(record.device))) return false
  const authority = standing(seating, add)
  return authority === 'recovery' || authority === 'admin' || (authority === 'member' && record.role !== 'admin')
}

function isFull({ seats, removals }: Seating): boolean {
  let seated = 0
  for (const device of seats.keys()) if (!removals.has(device)) seated++
  return seated >= GROUP_DEVICES_MAX
}

/** Counts the removals and role changes of a device that has just been seated, its own removal first. */
function countVerdicts(seating: Seating, author: DeviceId): void {
  const ops = seating.byAuthor.get(author) ?? []
  for (const op of ops.filter(isKind('remove'))) if (op.change.device === author) countRemoval(seating, op)
  for (const op of ops) {
    if (isKind('remove')(op) && op.change.device !== author) countRemoval(seating, op)
    else if (isKind('role')(op)) countRole(seating, op)
  }
}

function countRemoval(seating: Seating, op: Op<'remove'>): void {
  const { device } = op.change
  const authority = standing(seating, op)
  const isOwn = device === op.author && authority !== undefined && authority !== 'recovery'
  if (isOwn || mayJudge(seating, authority, device)) listIn(seating.removals, device).push(op)
}

function countRole(seating: Seating, op: Op<'role'>): void {
  const authority = standing(seating, op)
  const isOwn = op.change.device === op.author && authority === 'admin'
  if (isOwn || mayJudge(seating, authority, op.change.device)) listIn(seating.roles, op.change.device).push(op)
}

/** Whoever has no seat yet is junior to the one who has just been given one. */
function mayJudge({ seats, recovery }: Seating, authority: Authority, device: DeviceId): boolean {
  if (device === recovery) return false
  return authority === 'recovery' || (authority === 'admin' && !seats.has(device))
}

function listIn<T>(lists: Map<DeviceId, T[]>, device: DeviceId): T[] {
  const list = lists.get(device) ?? []
  lists.set(device, list)
  return list
}

type Authority = Role | 'recovery' | undefined

/** In what role an author made an operation; undefined when it had no say, and the operation is void. */
function standing(seating: Seating, op: GroupOp): Authority {
  const { graph, recovery, seats, removals } = seating
  if (op.author === recovery) return 'recovery'
  const seat = seats.get(op.author)
  if (seat === undefined || !(seat.add === graph.genesis || isAddedBefore(graph, op, seating.addsOf))) return undefined
  if (!isBeforeAll(graph, op, removals.get(op.author))) return undefined
  return roleAt(seating, op.author, seat, op)
}

function isAddedBefore(graph: GroupGraph, op: GroupOp, addsOf?: ReadonlyMap<DeviceId, readonly GroupOp[]>): boolean {
  const adds =
    addsOf?.get(op.author) ??
    graph.order.filter((add) => add.change.kind === 'add' && add.change.record.device === op.author)
  return adds.some((add) => graph.isBefore(add, op))
}

function isBeforeAll(graph: GroupGraph, op: GroupOp, removals: readonly GroupOp[] = []): boolean {
  return removals.every((removal) => graph.isBefore(op, removal))
}

/** The role of a device at one of its operations, or at the end (`op` left out). */
function roleAt({ graph, roles }: Seating, device: DeviceId, seat: Seat, op?: GroupOp): Role {
  let role = seat.record.role
  const changes = (roles.get(device) ?? []).filter((change) => op === undefined || !graph.isBefore(op, change))
  for (const change of changes.toSorted((a, b) => graph.place(a) - graph.place(b))) {
    const isSeen = op === undefined || graph.isBefore(change, op)
    if (isDemotion(change) || (isSeen && !isOutdone(graph, change, changes))) role = change.change.role
  }
  return role
}

function isDemotion(change: Op<'role'>): boolean {
  return change.change.role !== 'admin'
}

/** Whether a promotion came beside a demotion: then the demotion holds. */
function isOutdone(graph: GroupGraph, promotion: GroupOp, changes: readonly Op<'role'>[]): boolean {
  return changes.some(
    (change) => isDemotion(change) && !graph.isBefore(change, promotion) && !graph.isBefore(promotion, change),
  )
}

function stateOf(graph: GroupGraph, seating: Seating): GroupState {
  const { change } = graph.genesis
  const names = new Map<DeviceId, string>()
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
    removed: new Map([...seating.removals].map(([device, [first]]) => [device, first?.author ?? device])),
    folders,
    heads: graph.heads,
    hasUnknownKind,
  }
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
      addedBy: seat.add === seating.graph.genesis ? null : seat.add.author,
      hlc: seat.add.hlc,
      seniority: seat.seniority,
    })
  }
  return members
}
