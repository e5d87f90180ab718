/**
 * The sum of a catalogue that was closed: of all its bytes, in a small file beside it. It is taken away before the catalogue is
 * used, so it is there exactly after a clean end; then one flipped bit anywhere is seen at the next start.
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { hex } from '@scure/base'
import type { Crypto } from '../../protocol/crypto.ts'
import { syncPath } from './sync-path.ts'

const PATTERN = /^holt-sum-1 ([0-9a-f]{64})\n$/
const READ_BYTES = 1024 * 1024

/** `unknown`: the program before did not end cleanly, or an older one wrote it. */
export type SumVerdict = 'equal' | 'different' | 'unknown'

const sumFile = (file: string): string => `${file}.sum`

/** Compares the catalogue with its sum. Changes nothing. */
export function compareSum(file: string, crypto: Crypto): SumVerdict {
  const known = readSum(file)
  if (known === undefined) return 'unknown'
  const found = existsSync(file) ? sumOf(file, crypto) : undefined
  if (found !== known) return 'different'
  // What a log beside it holds is no part of the sum.
  return (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 ? 'unknown' : 'equal'
}

function readSum(file: string): string | undefined {
  const text = existsSync(sumFile(file)) ? readFileSync(sumFile(file), 'utf8') : ''
  return PATTERN.exec(text)?.[1]
}

/** Of a catalogue that is closed and synced. */
export function writeSum(file: string, crypto: Crypto): void {
  const temporary = `${sumFile(file)}.new`
  rmSync(temporary, { force: true })
  const fd = openSync(temporary, 'wx', 0o600)
  try {
    writeSync(fd, `holt-sum-1 ${sumOf(file, crypto)}\n`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, sumFile(file))
  syncPath(dirname(file))
}

/** From now on nobody vouches for the catalogue; durable before anything is written to it. */
export function removeSum(file: string): void {
  if (!existsSync(sumFile(file))) return
  rmSync(sumFile(file), { force: true })
  syncPath(dirname(file))
}

function sumOf(file: string, crypto: Crypto): string {
  const hasher = crypto.hasher()
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  const fd = openSync(file, 'r')
  try {
    for (;;) {
      const read = readSync(fd, buffer)
      if (read === 0) return hex.encode(hasher.digest())
      hasher.update(buffer.subarray(0, read))
    }
  } finally {
    closeSync(fd)
  }
}
