/**
 * The operations of one group as a graph: each after those that its author had seen. Holds what of a set of operations hangs
 * together from the genesis on, in one order that depends on nothing but the set.
 */

import type { GroupOp } from '../../protocol/group.ts'
import type { OpHash } from '../../protocol/ids.ts'
import { compareHlc } from './hlc.ts'

export interface GroupGraph {
  /** The only operation without predecessors. */
  readonly genesis: GroupOp
  /** Predecessors first; among those that could come next, the one with the least hash. */
  readonly order: readonly GroupOp[]
  /** Operations that no other follows, sorted. */
  readonly heads: readonly OpHash[]
  get(hash: OpHash): GroupOp | undefined
  /** Whether `earlier` was seen by the author of `later`; not so of an operation and itself. */
  isBefore(earlier: GroupOp, later: GroupOp): boolean
  /** The place of an operation in the order. */
  place(op: GroupOp): number
  /** Length of the longest way from the genesis: below that of everything that follows. */
  depth(op: GroupOp): number
  /** All operations that are none of these and before none of them, in order. Unknown hashes are passed over. */
  missingAfter(known: Iterable<OpHash>): GroupOp[]
}

interface Node {
  readonly op: GroupOp
  readonly index: number
  readonly depth: number
  /** One bit for each operation before this one, by its place in the order. */
  readonly before: Uint32Array
}

/**
 * Operations of other groups, with unknown predecessors, or with a clock behind a predecessor's are left out, and so is all
 * that follows them.
 * @param genesis Names the group.
 */
export function buildGraph(genesis: GroupOp, ops: Iterable<GroupOp>): GroupGraph {
  const nodes = new Map<OpHash, Node>()
  const waiting = collectWaiting(genesis, ops)
  const words = Math.ceil((waiting.size + 1) / 32)
  const ready: GroupOp[] = [genesis]
  const followers = followersOf(waiting.values())
  for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
    nodes.set(next.hash, makeNode(next, nodes, words))
    for (const follower of followers.get(next.hash) ?? []) {
      if (!follower.prev.every((hash) => nodes.has(hash))) continue
      if (isClockBehind(follower, nodes)) continue
      insertByHash(ready, follower)
    }
  }
  return graphOf(genesis, nodes)
}

function collectWaiting(genesis: GroupOp, ops: Iterable<GroupOp>): Map<OpHash, GroupOp> {
  const waiting = new Map<OpHash, GroupOp>()
  for (const op of ops) if (op.group === genesis.group && op.hash !== genesis.hash) waiting.set(op.hash, op)
  return waiting
}

function followersOf(ops: Iterable<GroupOp>): Map<OpHash, GroupOp[]> {
  const followers = new Map<OpHash, GroupOp[]>()
  for (const op of ops) {
    for (const hash of op.prev) {
      const list = followers.get(hash)
      if (list === undefined) followers.set(hash, [op])
      else list.push(op)
    }
  }
  return followers
}

function makeNode(op: GroupOp, nodes: ReadonlyMap<OpHash, Node>, words: number): Node {
  const before = new Uint32Array(words)
  let depth = 0
  for (const hash of op.prev) {
    const prev = nodes.get(hash)
    if (prev === undefined) continue
    for (const [i, bits] of prev.before.entries()) before[i] = (before[i] ?? 0) | bits
    setBit(before, prev.index)
    depth = Math.max(depth, prev.depth + 1)
  }
  return { op, index: nodes.size, depth, before }
}

function isClockBehind(op: GroupOp, nodes: ReadonlyMap<OpHash, Node>): boolean {
  return op.prev.some((hash) => {
    const prev = nodes.get(hash)
    return prev !== undefined && compareHlc(op.hlc, prev.op.hlc) < 0
  })
}

function insertByHash(ready: GroupOp[], op: GroupOp): void {
  let low = 0
  let high = ready.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ready[middle]?.hash ?? '') < op.hash) low = middle + 1
    else high = middle
  }
  ready.splice(low, 0, op)
}

function graphOf(genesis: GroupOp, nodes: ReadonlyMap<OpHash, Node>): GroupGraph {
  const order = [...nodes.values()].map(({ op }) => op)
  const followed = new Set(order.flatMap(({ prev }) => prev))
  return {
    genesis,
    order,
    heads: order
      .map(({ hash }) => hash)
      .filter((hash) => !followed.has(hash))
      .sort(),
    get: (hash) => nodes.get(hash)?.op,
    isBefore(earlier, later) {
      const index = nodes.get(earlier.hash)?.index
      const before = nodes.get(later.hash)?.before
      return index !== undefined && before !== undefined && hasBit(before, index)
    },
    place: (op) => nodes.get(op.hash)?.index ?? 0,
    depth: (op) => nodes.get(op.hash)?.depth ?? 0,
    missingAfter(known) {
      const seen = new Uint32Array(Math.ceil((nodes.size + 1) / 32))
      for (const hash of known) {
        const node = nodes.get(hash)
        if (node === undefined) continue
        for (const i of seen.keys()) seen[i] = (seen[i] ?? 0) | (node.before[i] ?? 0)
        setBit(seen, node.index)
      }
      return order.filter((_, i) => !hasBit(seen, i))
    },
  }
}

function setBit(bits: Uint32Array, index: number): void {
  const word = index >>> 5
  bits[word] = (bits[word] ?? 0) | (1 << (index & 31))
}

function hasBit(bits: Uint32Array, index: number): boolean {
  return ((bits[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0
}
