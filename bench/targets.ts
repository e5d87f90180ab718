/** What Holt has to reach, row by row. */

import type { Program } from './contenders/contender.ts'

export interface Target {
  readonly row: string
  readonly atMost: number
  /** Times what this program takes in the same run; left out: `atMost` has the row's unit. */
  readonly of?: Program
  /** A row of a bare program that moves the same bytes with the same durability. */
  readonly limit?: string
  /** The line of the design's table that asks for it. */
  readonly asked: string
}

/** How near to a bare program Holt has to be where it misses a target. */
export const LIMIT_FACTOR = 1.3

const YARDSTICK = { of: 'Syncthing by hand' } as const

export const TARGETS: readonly Target[] = [
  { row: 'first-sync-big', atMost: 0.6, ...YARDSTICK, limit: 'limit-big-tls', asked: 'big first sync' },
  { row: 'first-sync-mixed', atMost: 0.5, ...YARDSTICK, limit: 'limit-mixed-tls', asked: 'mixed first sync' },
  { row: 'first-sync-small', atMost: 0.25, ...YARDSTICK, limit: 'limit-small-tls', asked: 'small first sync' },
  { row: 'first-sync-photos', atMost: 0.65, ...YARDSTICK, limit: 'limit-photos-tls', asked: 'photos first sync' },
  { row: 'cpu-small', atMost: 10, asked: 'CPU s both sides, small' },
  { row: 'wire-small', atMost: 105, asked: 'bytes on the wire' },
  { row: 'wire-mixed', atMost: 91, asked: 'bytes on the wire' },
  { row: 'peak-rss-big', atMost: 160, asked: 'peak RSS a side' },
  { row: 'peak-rss-small', atMost: 160, asked: 'peak RSS a side' },
]
