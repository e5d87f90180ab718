/** A program that dies after a batch came to the disk, and before it was noted. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Entry } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import { ROOT } from '../sim/daemon.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

/** Enough for the first look at the disk to come before and after the others are heard. */
const SEEDS = 12
const CALM_MS = 10_000
const NAME = 'it' as RelPath

const at = `${ROOT}/${NAME}`
const onDisk = ({ device }: Place): string =>
  JSON.stringify(device.hands.walk(ROOT).map(({ path, kind, content }) => [path, kind, String(content)]))
const entryOf = ({ daemon }: Place): Entry | undefined => daemon.catalogue.read((tx) => tx.own(FOLDER, NAME))?.entry

/** What Anna does before, what then comes to Ben as he dies, and what she does before he is there again. */
interface Case {
  readonly fact: string
  readonly before?: (anna: Place) => void
  readonly comes: (anna: Place) => void
  readonly meanwhile: (anna: Place) => void
}

const CASES: readonly Case[] = [
  {
    fact: 'does not bring back a file that is deleted elsewhere meanwhile',
    comes: (anna) => anna.write(NAME, 'new'),
    meanwhile: (anna) => anna.remove(NAME),
  },
  {
    fact: 'does not bring back a link that is deleted elsewhere meanwhile',
    comes: ({ device }) => device.hands.symlink('target', at),
    meanwhile: (anna) => anna.remove(NAME),
  },
  {
    fact: 'makes no conflict of a file that is edited elsewhere meanwhile',
    before: (anna) => anna.write(NAME, 'old'),
    comes: (anna) => anna.write(NAME, 'new'),
    meanwhile: (anna) => anna.write(NAME, 'newer'),
  },
]

/** Runs until what Anna has came to Ben's disk, and ends his program before he knows of it. */
async function dieAsItComes(bench: FolderBench, anna: Place, ben: Place): Promise<void> {
  const known = entryOf(ben)
  assert.ok(await bench.world.runUntil(() => onDisk(ben) === onDisk(anna), { withinMs: CALM_MS }))
  assert.deepEqual(entryOf(ben), known)
  ben.kill()
}

describe('a program that dies after something came, and before it has noted that', () => {
  for (const { fact, before, comes, meanwhile } of CASES) {
    it(fact, async () => {
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        await using bench = createFolderBench(seed)
        const anna = bench.place('anna')
        const ben = bench.place('ben')
        before?.(anna)
        await bench.world.runFor(CALM_MS)
        comes(anna)
        await dieAsItComes(bench, anna, ben)
        meanwhile(anna)
        await bench.world.runFor(CALM_MS)
        const wanted = onDisk(anna)
        ben.begin()
        await bench.world.runFor(CALM_MS)
        assert.deepEqual([anna, ben].map(onDisk), [wanted, wanted], `seed ${seed}`)
      }
    })
  }
})
