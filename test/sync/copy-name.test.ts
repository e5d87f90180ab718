/** A person's file that has exactly the name which a conflict copy is about to get. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { conflictPath } from '../../daemon/core/conflict.ts'
import { best } from '../../daemon/core/resolve.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { Entry } from '../../protocol/entry.ts'
import { sameContent } from '../../protocol/entry.ts'
import type { RelPath } from '../../protocol/path.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { ROOT } from '../sim/daemon.ts'
import type { Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

/** Whoever decides first. */
const SEEDS = 3
const CALM_MS = 20_000
const NAME = parseRelPath('note.txt')

const crypto = createNativeCrypto()
const entryOf = ({ daemon }: Place): Entry =>
  daemon.catalogue.read((tx) => tx.own(FOLDER, NAME))?.entry ?? assert.fail('nothing is known of it')
const textsOf = ({ device }: Place): string[] =>
  device.hands.walk(ROOT).flatMap(({ kind, content }) => (kind === 'file' ? [new TextDecoder().decode(content)] : []))

/** Who has what both will have, and the name that the text of the other gets. */
function foresee(anna: Place, ben: Place): { readonly winner: Place; readonly copy: RelPath } {
  const [annas, bens] = [entryOf(anna), entryOf(ben)]
  assert.ok(!sameContent(annas.content, bens.content))
  const isAnnas = best([annas, bens]) === annas
  const copy = conflictPath(NAME, isAnnas ? bens : annas, crypto)
  return { winner: isAnnas ? anna : ben, copy: copy ?? assert.fail('the copy has no name') }
}

describe('what a person wrote under the name of a conflict copy', () => {
  for (const whose of ['winner', 'loser'] as const) {
    it(`stays, and so does what was to be called that: on the device of the ${whose}`, async () => {
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        await using bench = createFolderBench(seed)
        const [anna, ben] = [bench.place('anna'), bench.place('ben')]
        anna.write(NAME, 'at first')
        await bench.until('the first sync', () => ben.read(NAME) === 'at first')
        await bench.world.runFor(CALM_MS)
        bench.world.network.cut(anna.device.id, ben.device.id)
        anna.write(NAME, 'by anna')
        ben.write(NAME, 'by ben')
        await bench.world.runFor(CALM_MS)
        const { winner, copy } = foresee(anna, ben)
        const loser = winner === anna ? ben : anna
        const writer = whose === 'winner' ? winner : loser
        writer.write(copy, 'a diary')
        await bench.world.runFor(CALM_MS)
        bench.world.network.healAll()
        const all = ['a diary', 'by anna', 'by ben']
        const isThere = (place: Place): boolean => all.every((text) => textsOf(place).includes(text))
        await bench.until(`all three texts on both devices, with seed ${seed}`, () => [anna, ben].every(isThere))
        await bench.world.runFor(CALM_MS)
        assert.deepEqual(
          [anna, ben].map((place) => textsOf(place).sort()),
          [all, all],
        )
        assert.deepEqual(
          [anna, ben].map((place) => place.read(copy)),
          ['a diary', 'a diary'],
        )
      }
    })
  }
})
