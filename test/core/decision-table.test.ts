/** The decision table itself, written down a second time: a slip in it would otherwise be decided by, documented and tested. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PATH_ROWS, RENAME_ROWS, VERDICTS, rowNumberOf } from '../../daemon/core/decision-table.ts'
import type { Standing } from '../../daemon/core/decision-table.ts'
import { PAIR_MODES, parsePairMode } from '../../protocol/pair-options.ts'

/** Row by row: two-way, std, sb, dts, db. */
const WRITTEN_DOWN = `
 1  nothing             nothing             nothing             nothing         nothing
 2  destination-follows destination-follows destination-follows source-follows  keep
 3  source-follows      destination-follows keep                source-follows  source-follows
 4  destination-follows destination-follows keep                source-follows  source-follows
 5  source-follows      destination-follows destination-follows source-follows  keep
 6  adopt               adopt               adopt               adopt           adopt
 7  conflict            destination-follows destination-follows source-follows  source-follows
 8  destination-follows destination-follows destination-follows source-follows  keep
 9  source-follows      destination-follows keep                source-follows  source-follows
10  forget              forget              forget              forget          forget
11  directory-wins      destination-follows destination-aside   source-follows  source-aside
`

describe('the decision table', () => {
  it('is the one that was designed', () => {
    const table = PATH_ROWS.map(({ number, pair }) =>
      [number, ...PAIR_MODES.map((mode) => VERDICTS[pair[mode]].effect)].join(' '),
    )
    const wanted = WRITTEN_DOWN.trim()
      .split('\n')
      .map((line) => line.trim().replaceAll(/ +/g, ' '))
    assert.deepEqual(table, wanted)
  })

  it('is mirrored by its mirror modes', () => {
    const mirrored: Readonly<Record<string, string>> = {
      'destination-follows': 'source-follows',
      'source-follows': 'destination-follows',
      'destination-aside': 'source-aside',
      'source-aside': 'destination-aside',
    }
    const turned: Readonly<Record<number, number>> = { 2: 3, 3: 2, 4: 5, 5: 4, 8: 9, 9: 8 }
    for (const { number, pair } of PATH_ROWS) {
      const other = PATH_ROWS.find((row) => row.number === (turned[number] ?? number))
      for (const [mode, mirror] of [
        ['source-to-destination', 'destination-to-source'],
        ['source-backup', 'destination-backup'],
      ] as const) {
        const effect = VERDICTS[pair[mode]].effect
        assert.equal(other === undefined ? '' : VERDICTS[other.pair[mirror]].effect, mirrored[effect] ?? effect)
      }
    }
  })

  it('has one row for every way in which two sides can stand', () => {
    const standings: readonly Standing[] = ['same', 'edited', 'deleted']
    const fresh: readonly Standing[] = ['new', 'absent']
    const numbers = [standings, fresh].flatMap((some) =>
      some.flatMap((source) => some.map((destination) => rowNumberOf(source, destination, 'differ'))),
    )
    assert.deepEqual(numbers, [1, 3, 5, 2, 7, 8, 4, 9, 10, 7, 2, 3, 1])
    assert.deepEqual([rowNumberOf('edited', 'edited', 'same'), rowNumberOf('new', 'new', 'clash')], [6, 11])
  })

  it('gives every verdict a sentence, and every rename of every mode its names', () => {
    for (const [code, { sentence }] of Object.entries(VERDICTS)) assert.match(sentence, /^[A-Z].*\.$/, code)
    assert.deepEqual(
      RENAME_ROWS.map(({ number }) => number),
      [12, 13, 14],
    )
  })

  it('knows its modes by name, in camelCase and by alias', () => {
    const said = [
      'two-way',
      'twoWay',
      'tw',
      'sourceToDestination',
      'std',
      'sb',
      'dts',
      'destinationBackup',
      'db',
      'toString',
    ]
    assert.deepEqual(said.map(parsePairMode), [
      ...['two-way', 'two-way', 'two-way', 'source-to-destination', 'source-to-destination', 'source-backup'],
      ...['destination-to-source', 'destination-backup', 'destination-backup', undefined],
    ])
  })
})
