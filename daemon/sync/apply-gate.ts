/**
 * Keeps what is being applied out of what is observed. Between a change of the disk and the transaction that records it, a scan
 * would take our own doing for an edit. A scan that began before a path was last touched knows nothing of that path.
 */

import type { RelPath } from '../../protocol/path.ts'

export interface ApplyGate {
  /** The moment at which a listing begins. The mark must be released. */
  mark(): number
  release(mark: number): void
  /** Whether a path is being applied, or was since the mark. */
  isTouched(path: RelPath, mark: number): boolean
  begin(paths: Iterable<RelPath>): void
  end(paths: Iterable<RelPath>): void
}

export function createApplyGate(): ApplyGate {
  let moment = 0
  const applying = new Set<RelPath>()
  const applied = new Map<RelPath, number>()
  const marks = new Set<number>()
  return {
    mark: () => {
      moment += 1
      marks.add(moment)
      return moment
    },
    release: (mark) => {
      marks.delete(mark)
      if (marks.size === 0) applied.clear()
    },
    isTouched: (path, mark) => applying.has(path) || (applied.get(path) ?? 0) > mark,
    begin: (paths) => {
      for (const path of paths) applying.add(path)
    },
    end: (paths) => {
      moment += 1
      for (const path of paths) {
        applying.delete(path)
        if (marks.size > 0) applied.set(path, moment)
      }
    },
  }
}
