/** Everything that is measured, in the order of the table. */

import type { Block } from './block.ts'
import type { Program } from './contenders/contender.ts'
import { limitBlock } from './limits/move.ts'
import type { SyncedSet } from './rows/first-sync.ts'
import { cpuOfFirstSync, firstSync, peakRssOfFirstSync, wireOfFirstSync } from './rows/first-sync.ts'
import { sessionBlock } from './session.ts'

/** Those that keep two directories the same. */
const SYNCING: readonly Program[] = [
  'Holt',
  'Syncthing',
  'Syncthing by hand',
  'rsync',
  'rsync --fsync',
  'Unison',
  'rclone',
]
const SYNCED_SETS: readonly SyncedSet[] = ['big', 'mixed', 'small', 'photos']

export const BLOCKS: readonly Block[] = [
  sessionBlock('big', SYNCING, [firstSync('big'), peakRssOfFirstSync('big')]),
  sessionBlock('mixed', SYNCING, [firstSync('mixed'), wireOfFirstSync('mixed')]),
  sessionBlock('small', SYNCING, [
    firstSync('small'),
    cpuOfFirstSync('small'),
    wireOfFirstSync('small'),
    peakRssOfFirstSync('small'),
  ]),
  sessionBlock('photos', SYNCING, [firstSync('photos')]),
  ...SYNCED_SETS.map((set) => limitBlock(set, 'tls')),
  ...SYNCED_SETS.map((set) => limitBlock(set, 'tcp')),
]

export const ROWS = BLOCKS.flatMap(({ rows }) => rows)
