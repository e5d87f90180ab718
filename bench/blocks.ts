/** Everything that is measured, in the order of the table. */

import type { Block } from './block.ts'
import type { Program } from './contenders/contender.ts'
import { limitBlock } from './limits/move.ts'
import { rewriteBlock } from './limits/rewrite.ts'
import { walkBlock } from './limits/walk.ts'
import type { SyncedSet } from './rows/first-sync.ts'
import { cpuOfFirstSync, firstSync, peakRssOfFirstSync, wireOfFirstSync } from './rows/first-sync.ts'
import { connectBlock, lanBlock } from './rows/connect.ts'
import { deltas } from './rows/deltas.ts'
import { idle } from './rows/idle.ts'
import { millionBlock } from './rows/million.ts'
import { addedDelay, newFile } from './rows/new-file.ts'
import { pairModeBlocks } from './rows/pair-modes.ts'
import { renameDirectory, renameFiles } from './rows/renames.ts'
import { rescan } from './rows/rescan.ts'
import { resumeBlock } from './rows/resume.ts'
import { bareStartUpBlock, startUpBlock } from './rows/start-up.ts'
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
  sessionBlock('big', SYNCING, [firstSync('big'), peakRssOfFirstSync('big'), ...deltas]),
  sessionBlock('mixed', SYNCING, [
    firstSync('mixed'),
    wireOfFirstSync('mixed'),
    idle,
    newFile,
    addedDelay,
    renameFiles,
    renameDirectory,
  ]),
  sessionBlock('small', SYNCING, [
    firstSync('small'),
    cpuOfFirstSync('small'),
    wireOfFirstSync('small'),
    peakRssOfFirstSync('small'),
    rescan,
  ]),
  sessionBlock('photos', SYNCING, [firstSync('photos')]),
  resumeBlock,
  startUpBlock,
  connectBlock,
  lanBlock,
  millionBlock,
  ...pairModeBlocks,
  ...SYNCED_SETS.map((set) => limitBlock(set, 'tls')),
  ...SYNCED_SETS.map((set) => limitBlock(set, 'tcp')),
  walkBlock,
  rewriteBlock,
  bareStartUpBlock,
]

export const ROWS = BLOCKS.flatMap(({ rows }) => rows)
