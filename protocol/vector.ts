/** Version vectors: how much of each device's edits of one path an entry has seen. */

import type { DeviceId } from './ids.ts'

/** Pairs of device and counter, sorted by device, each device once, counters above zero. */
export type Vector = readonly (readonly [device: DeviceId, counter: number])[]

export type Ordering = 'equal' | 'before' | 'after' | 'concurrent'

export const EMPTY_VECTOR: Vector = []

/** How `a` stands to `b`: `after` means that `a` has seen all of `b` and more. */
export function compareVectors(a: Vector, b: Vector): Ordering {
  let aMore = false
  let bMore = false
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const left = a[i]
    const right = b[j]
    if (right === undefined || (left !== undefined && left[0] < right[0])) {
      aMore = true
      i++
    } else if (left === undefined || right[0] < left[0]) {
      bMore = true
      j++
    } else {
      if (left[1] > right[1]) aMore = true
      if (left[1] < right[1]) bMore = true
      i++
      j++
    }
  }
  if (aMore && bMore) return 'concurrent'
  if (aMore) return 'after'
  return bMore ? 'before' : 'equal'
}

/** The least vector that has seen all of both. */
export function joinVectors(a: Vector, b: Vector): Vector {
  const counters = new Map<DeviceId, number>(a)
  for (const [device, counter] of b) counters.set(device, Math.max(counter, counters.get(device) ?? 0))
  return sorted(counters)
}

/**
 * `vector` with the counter of `device` set; the counter must be above the one that it has. Only a liar's counters come to the end
 * of what can be counted: there they stay, and the edit meets what it was made of as a conflict, in which nothing is lost.
 */
export function withCounter(vector: Vector, device: DeviceId, counter: number): Vector {
  const counters = new Map<DeviceId, number>(vector)
  counters.set(device, Math.min(counter, Number.MAX_SAFE_INTEGER))
  return sorted(counters)
}

/** The counter of a device, 0 when the vector has none. */
export function counterOf(vector: Vector, device: DeviceId): number {
  return vector.find(([id]) => id === device)?.[1] ?? 0
}

function sorted(counters: ReadonlyMap<DeviceId, number>): Vector {
  return [...counters].sort(([a], [b]) => (a < b ? -1 : 1))
}
