/**
 * Who is in a group, and who had a say when (`protocol.md` §2).
 *
 * Devices are *seated* one after another: the founder first, then by the earliest operation that validly adds them. Seats are
 * seniority. Whoever is seated has its removals and role changes counted at once, before anybody junior is looked at:
 *
 *     pop the earliest add whose author is seated → does its author have standing for it? → seat the device
 *       → count its removals and role changes of devices without a seat, and of itself → its own adds join the queue
 *
 * An operation has *standing* if its author is seated, had validly been added before it, and every counted removal of its
 * author comes after it; its role is what counted role changes before it made of it, and a demotion that came meanwhile holds
 * as well. So of concurrent removals the senior's wins, and the result depends on the set of operations alone. Nobody touches
 * the standing of a device senior to itself; only the key of the recovery words, senior to all, may.
 */

import type { GroupChange, GroupOp, Role } from '../../protocol/group.ts'
import type { DeviceId } from '../../protocol/ids.ts'
import { GROUP_DEVICES_MAX } from '../../protocol/limits.ts'
import type { GroupGraph } from './group-graph.ts'
import { compareHlc } from './hlc.ts'

export interface Seat {
  /** The genesis, or what added the device; first what gave it its seat, then whatever else validly did. */
  readonly adds: [GroupOp, ...GroupOp[]]
  readonly record: { readonly name: string; readonly role: Role; readonly exchangeKey: Uint8Array }
  readonly seniority: number
}

type Op<K extends GroupChange['kind']> = GroupOp & { readonly change: Extract<GroupChange, { readonly kind: K }> }

/** What has been decided so far. */
export interface Seating {
  readonly graph: GroupGraph
  readonly recovery: DeviceId
  readonly byAuthor: ReadonlyMap<DeviceId, readonly GroupOp[]>
  readonly seats: Map<DeviceId, Seat>
  /** Counted removals, by whom they remove. Whoever is here is out, and is never added again. */
  readonly removals: Map<DeviceId, Op<'remove'>[]>
  /** Counted role changes, by whom they concern. */
  readonly roles: Map<DeviceId, Op<'role'>[]>
}

const isKind =
  <K extends GroupChange['kind']>(kind: K) =>
  (op: GroupOp): op is Op<K> =>
    op.change.kind === kind

export function seatAll(graph: GroupGraph): Seating {
  const { change } = graph.genesis
  if (change.kind !== 'genesis') throw new Error('a group begins with a genesis')
  const seating: Seating = {
    graph,
    recovery: change.recovery,
    byAuthor: Map.groupBy(graph.order, ({ author }) => author),
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
    const seat = seating.seats.get(record.device)
    if (seat?.adds.includes(add) === true || !mayAdd(seating, add)) continue
    if (seat === undefined) {
      if (isFull(seating)) continue
      takeSeat(seating, add, record)
    } else {
      // What it did after this addition and not after the first has the seniority of this one: it is counted only now.
      seat.adds.push(add)
      countVerdicts(seating, record.device)
    }
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
  seating.seats.set(record.device, { adds: [add], record, seniority: seating.seats.size })
  countVerdicts(seating, record.device)
}

function mayAdd(seating: Seating, add: Op<'add'>): boolean {
  const { record } = add.change
  if (record.device === seating.recovery) return false
  const authority = standing(seating, add)
  return authority === 'recovery' || authority === 'admin' || (authority === 'member' && record.role !== 'admin')
}

function isFull({ seats, removals }: Seating): boolean {
  let seated = 0
  for (const device of seats.keys()) if (!removals.has(device)) seated++
  return seated >= GROUP_DEVICES_MAX
}

/** Counts the removals and role changes of a device that has been seated, its own leaving first. */
function countVerdicts(seating: Seating, author: DeviceId): void {
  if (author !== seating.recovery) countLeavings(seating, author)
  for (const op of seating.byAuthor.get(author) ?? []) {
    if (isKind('remove')(op) && op.change.device !== author) countRemoval(seating, op)
    else if (isKind('role')(op)) countRole(seating, op)
  }
}

/**
 * A device may always leave, whoever added it and in whatever role; so this is settled when it is seated. Once it was removed
 * by another, or had left, its word on that counts no more.
 */
function countLeavings({ graph, byAuthor, removals }: Seating, device: DeviceId): void {
  const byOthers = (removals.get(device) ?? []).filter(({ author }) => author !== device)
  for (const op of (byAuthor.get(device) ?? []).filter(isKind('remove'))) {
    if (op.change.device !== device || !isNamedBefore(graph, op)) continue
    const isFirst = !(removals.get(device) ?? []).some((earlier) => graph.isBefore(earlier, op))
    if (isFirst && byOthers.every((removal) => graph.isBefore(op, removal))) listOnce(removals, device, op)
  }
}

function countRemoval(seating: Seating, op: Op<'remove'>): void {
  const { device } = op.change
  if (mayJudge(seating, standing(seating, op), device)) listOnce(seating.removals, device, op)
}

function countRole(seating: Seating, op: Op<'role'>): void {
  const authority = standing(seating, op)
  const isOwn = op.change.device === op.author && authority === 'admin'
  if (isOwn || mayJudge(seating, authority, op.change.device)) listOnce(seating.roles, op.change.device, op)
}

/** Whoever has no seat yet is junior to the one who has just been given one. */
function mayJudge({ seats, recovery }: Seating, authority: Authority, device: DeviceId): boolean {
  if (device === recovery) return false
  return authority === 'recovery' || (authority === 'admin' && !seats.has(device))
}

function listOnce<T>(lists: Map<DeviceId, T[]>, device: DeviceId, item: T): void {
  const list = lists.get(device)
  if (list === undefined) lists.set(device, [item])
  else if (!list.includes(item)) list.push(item)
}

export type Authority = Role | 'recovery' | undefined

/** In what role an author made an operation; undefined when it had no say, and the operation is void. */
export function standing(seating: Seating, op: GroupOp): Authority {
  const { graph, recovery, seats } = seating
  if (op.author === recovery) return 'recovery'
  const seat = seats.get(op.author)
  if (seat?.adds.some((add) => graph.isBefore(add, op)) !== true) return undefined
  if (!isBeforeRemovals(seating, op, op.author)) return undefined
  return roleAt(seating, op.author, seat, op)
}

/**
 * Whether an operation was known to all who removed a device. A device removes itself at most once; where its key has done so
 * again (its disk was restored from a backup), what came before any of its leavings stays.
 */
function isBeforeRemovals({ graph, removals }: Seating, op: GroupOp, device: DeviceId): boolean {
  const all = removals.get(device) ?? []
  const own = all.filter(({ author }) => author === device)
  const isBeforeOwn = own.length === 0 || own.some((removal) => graph.isBefore(op, removal))
  return isBeforeOwn && all.every((removal) => removal.author === device || graph.isBefore(op, removal))
}

/** The role of a device at one of its operations, or at the end (`op` left out). */
export function roleAt({ graph, roles }: Seating, device: DeviceId, seat: Seat, op?: GroupOp): Role {
  let role = seat.record.role
  const changes = (roles.get(device) ?? []).filter(
    (change) => !graph.isBefore(change, seat.adds[0]) && (op === undefined || !graph.isBefore(op, change)),
  )
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

/** Whether an operation's author is a device that the log had named by then: what a log takes in at all. */
export function hasKnownAuthor(graph: GroupGraph, op: GroupOp): boolean {
  const { change } = graph.genesis
  if (change.kind !== 'genesis') return false
  return op.author === change.recovery || isNamedBefore(graph, op)
}

function isNamedBefore(graph: GroupGraph, op: GroupOp): boolean {
  return graph.order.some((known) => {
    const { change } = known
    const record = change.kind === 'add' ? change.record : change.kind === 'genesis' ? change.founder : undefined
    return record?.device === op.author && graph.isBefore(known, op)
  })
}
