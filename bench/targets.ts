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
  { row: 'added-delay', atMost: 0.15, asked: 'all four at default settings' },
  { row: 'cpu-small', atMost: 10, asked: 'CPU of both sides, small' },
  { row: 'rescan', atMost: 0.25, limit: 'limit-rescan', asked: 'rescan, no change' },
  { row: 'new-file', atMost: 0.15, asked: 'new 1 KiB file while idle' },
  { row: 'edit-big', atMost: 3, limit: 'limit-rewrite-big', asked: '1 MiB edited and 1 MiB appended' },
  { row: 'edit-big-wire', atMost: 2.6, asked: '1 MiB edited and 1 MiB appended' },
  { row: 'insert-front', atMost: 2.5, limit: 'limit-rewrite-big', asked: '1 MiB inserted at the front' },
  { row: 'insert-front-wire', atMost: 1.6, asked: '1 MiB inserted at the front' },
  { row: 'insert-unaligned', atMost: 2.5, limit: 'limit-rewrite-big', asked: 'unaligned insert' },
  { row: 'insert-unaligned-wire', atMost: 2, asked: 'unaligned insert' },
  { row: 'rename-files', atMost: 0.4, asked: 'rename' },
  { row: 'rename-files-wire', atMost: 60, asked: 'rename' },
  { row: 'rename-directory', atMost: 0.4, asked: 'rename' },
  { row: 'rename-directory-wire', atMost: 60, asked: 'rename' },
  { row: 'resume-big', atMost: 5, asked: 'receiver killed at half' },
  { row: 'resume-big-again', atMost: 8, asked: 'receiver killed at half' },
  { row: 'wire-small', atMost: 105, asked: 'bytes on the wire' },
  { row: 'wire-mixed', atMost: 91, asked: 'bytes on the wire' },
  { row: 'start-connected', atMost: 1, asked: 'start → connected' },
  { row: 'start-connected-worst', atMost: 2, asked: 'start → connected' },
  { row: 'lan-connected', atMost: 1, asked: 'LAN discovery → connected' },
  { row: 'idle-cpu', atMost: 0.1, asked: 'idle' },
  { row: 'idle-rss', atMost: 110, asked: 'idle' },
  { row: 'peak-rss-big', atMost: 160, asked: 'peak memory of a side' },
  { row: 'peak-rss-small', atMost: 160, asked: 'peak memory of a side' },
  { row: 'million-changes', atMost: 0.5, asked: 'a million entries, 10 changes' },
]
