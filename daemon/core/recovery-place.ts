/**
 * Where in the log an operation of the recovery words stands. What a device did counts only where every removal of it comes
 * after; so a removal that is put before what a thief did takes all of that back, whoever has heard of it meanwhile.
 */

import type { GroupOp } from '../../protocol/group.ts'
import type { DeviceId, OpHash } from '../../protocol/ids.ts'
import type { GroupGraph } from './group-graph.ts'

/** A thief does not stop at one device: what it did so long before it came to this one is taken back as well. */
const BEFORE_THE_BLOW_MS = 24 * 3_600_000

/** The heads of the log as it was before a device did what it did since a moment of its own clock. */
export function headsBefore(graph: GroupGraph, device: DeviceId, sinceMs: number): OpHash[] {
  const kept = new Set<OpHash>()
  const followed = new Set<OpHash>()
  for (const op of graph.order) {
    const isLeftOut = op.author === device && op.hlc.ms >= sinceMs && op.change.kind !== 'genesis'
    if (isLeftOut || !op.prev.every((hash) => kept.has(hash))) continue
    kept.add(op.hash)
    for (const hash of op.prev) followed.add(hash)
  }
  return [...kept].filter((hash) => !followed.has(hash))
}

/** How a device removed or demoted `self`, in milliseconds by its clock. */
export interface Stroke {
  /** Since when it counts as being in other hands. */
  readonly beganMs: number
  readonly fellMs: number
}

/** Undefined where it did neither. */
export function strokeOf(graph: GroupGraph, device: DeviceId, self: DeviceId): Stroke | undefined {
  const blow = graph.order.find((op) => op.author === device && isBlow(op, self))
  return blow && { beganMs: Math.max(0, blow.hlc.ms - BEFORE_THE_BLOW_MS), fellMs: blow.hlc.ms }
}

function isBlow({ change }: GroupOp, self: DeviceId): boolean {
  if (change.kind === 'remove') return change.device === self
  return change.kind === 'role' && change.device === self && change.role !== 'admin'
}
