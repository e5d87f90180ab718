/** A disk with not one byte free, while files arrive, are replaced, deleted and in conflict. */

import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { recordFigure } from '../figures.ts'
import { SCALE } from '../scale.ts'
import { keptContents } from './aimed-device.ts'
import { Device, digest, pair, until } from './device.ts'
import { filesBelow } from './hands.ts'
import { asSeenBy, ownDiskPrefix, ownDiskSkipReason } from './own-disk.ts'

const MEBIBYTE = 2 ** 20
const FILES = 20

/** Until nothing more fits. @returns how many bytes did. */
function fill(path: string): number {
  const fd = openSync(path, 'w')
  let bytes = 0
  try {
    for (const piece of [Buffer.alloc(MEBIBYTE), Buffer.alloc(4096), Buffer.alloc(1)]) {
      try {
        for (;;) bytes += writeSync(fd, piece)
      } catch (cause) {
        if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC')) throw cause
      }
    }
  } finally {
    closeSync(fd)
  }
  return bytes
}

describe('a disk', () => {
  // A disk that is full takes its time to be tried again: nothing for a small run.
  if (SCALE !== 'full') return
  const skip = ownDiskSkipReason()
  it(
    'may be full to the last byte: it says so, loses nothing, and goes on by itself with room',
    { skip, timeout: 300_000 },
    async () => {
      await using anna = new Device('anna')
      await using ben = new Device('ben', { prefix: (device) => ownDiskPrefix(device.path('disk'), 16) })
      mkdirSync(ben.path('disk'))
      const here = anna.path('Photos')
      mkdirSync(here)
      for (let i = 0; i < FILES; i += 1)
        for (const name of ['gone', 'over', 'both']) writeFileSync(join(here, `${name}-${i}`), `${name} ${i}`)
      await Promise.all([anna.start(), ben.start()])
      await pair(anna, ben)
      await anna.mustHolt('add', here)
      await ben.mustHolt('accept', 'Photos', ben.path('disk/Photos'), '--yes')
      const there = asSeenBy(ben, ben.path('disk/Photos'))
      await until('the first sync', () => digest(there) === digest(here))
      const before = [...filesBelow(there)].map(([, bytes]) => bytes.toString())
      const filler = asSeenBy(ben, ben.path('disk/filler'))
      const filled = fill(filler)

      for (let i = 0; i < FILES; i += 1) {
        rmSync(join(here, `gone-${i}`))
        writeFileSync(join(here, `over-${i}`), `over ${i}, longer than it was before`)
        writeFileSync(join(here, `new-${i}`), `new ${i}`)
        writeFileSync(join(here, `both-${i}`), `BOTH ${i}`)
        writeFileSync(join(there, `both-${i}`), `bOTH ${i}`)
      }
      await until('it says so', async () => /full/.test((await ben.holt('status')).stdout))
      const meanwhile = new Set([
        ...[...filesBelow(there)].map(([, bytes]) => bytes.toString()),
        ...keptContents(there),
      ])
      for (const bytes of before)
        assert.ok(meanwhile.has(bytes) || bytes.startsWith('both'), `${bytes} is lost while the disk is full`)

      rmSync(filler)
      await until(
        'it goes on by itself',
        () => digest(there) === digest(here) && existsSync(join(there, 'new-0')),
        120_000,
      )
      const all = (root: string): Set<string> => new Set([...filesBelow(root)].map(([, bytes]) => bytes.toString()))
      for (let i = 0; i < FILES; i += 1) {
        for (const bytes of [`BOTH ${i}`, `bOTH ${i}`])
          assert.ok(all(here).has(bytes) && all(there).has(bytes), `${bytes} is lost`)
        assert.equal(existsSync(join(there, `gone-${i}`)), false)
        assert.equal(readFileSync(join(there, `over-${i}`), 'utf8'), `over ${i}, longer than it was before`)
      }
      const kept = keptContents(there)
      for (const bytes of before)
        assert.ok(all(there).has(bytes) || kept.has(bytes) || bytes.startsWith('both'), `${bytes} is lost`)
      assert.deepEqual(readdirSync(join(there, '.holt/incoming')), [])
      recordFigure('full-disk', {
        'MiB that were filled, to the last byte': Math.round(filled / MEBIBYTE),
        'files that arrived, were replaced, deleted or in conflict meanwhile': 4 * FILES,
        'files lost': 0,
        'commands that a person had to type': 0,
      })
    },
  )
})
