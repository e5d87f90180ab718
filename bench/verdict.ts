/** Whether a target was reached. */

import type { Program } from './contenders/contender.ts'
import type { Target } from './targets.ts'
import { LIMIT_FACTOR } from './targets.ts'

export type Verdict =
  | { readonly kind: 'met'; readonly atMost: number }
  /** Missed, and as near to what a bare program takes as is asked. */
  | { readonly kind: 'at-limit'; readonly atMost: number; readonly factor: number; readonly limit: string }
  | { readonly kind: 'missed'; readonly atMost: number }
  /** Holt has no value. */
  | { readonly kind: 'not-measured' }
  /** What it is to be compared with has no value. */
  | { readonly kind: 'not-compared'; readonly program: Program }

/** The program to install, where that has another name. */
const INSTALLED_AS: Partial<Record<Program, string>> = {
  'Syncthing by hand': 'Syncthing',
  'rsync --fsync': 'rsync 3.2.4 or newer',
}

/** The value of a program in a row, its runs taken together; undefined where there is none. */
export type Lookup = (row: string, program: Program) => number | undefined

export function judge({ row, atMost, of, limit }: Target, lookup: Lookup): Verdict {
  const holt = lookup(row, 'Holt')
  if (holt === undefined) return { kind: 'not-measured' }
  const yardstick = of === undefined ? 1 : lookup(row, of)
  if (yardstick === undefined)
    return of === undefined ? { kind: 'not-measured' } : { kind: 'not-compared', program: of }
  const bound = atMost * yardstick
  if (holt <= bound) return { kind: 'met', atMost: bound }
  const bare = limit === undefined ? undefined : lookup(limit, 'bare Node')
  if (limit === undefined || bare === undefined || holt > bare * LIMIT_FACTOR) return { kind: 'missed', atMost: bound }
  return { kind: 'at-limit', atMost: bound, factor: holt / bare, limit }
}

/** A sentence for each target that is not reached. */
export function misses(targets: readonly Target[], lookup: Lookup): string[] {
  return targets.flatMap((target) => {
    const verdict = judge(target, lookup)
    const { row } = target
    switch (verdict.kind) {
      case 'met':
      case 'at-limit':
        return []
      case 'missed':
        return [
          `${row} misses its target: at most ${verdict.atMost.toFixed(3)} is asked, Holt has ${String(lookup(row, 'Holt')?.toFixed(3))}.`,
        ]
      case 'not-measured':
        return [`${row} was not measured, so nobody knows whether it reaches its target.`]
      case 'not-compared':
        return [
          `${row} was not compared: install ${INSTALLED_AS[verdict.program] ?? verdict.program}, and run it again.`,
        ]
    }
  })
}
