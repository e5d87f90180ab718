/**
 * The decision table among devices, row by row: what a pair of directories is told by a mode, two devices have by a mode each. Where
 * the table has the destination follow at once, a device that only receives waits for a person's `holt revert`.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VERDICTS } from '../../daemon/core/decision-table.ts'
import { revert } from '../../daemon/sync/follow-choices.ts'
import type { FolderMode } from '../../protocol/group.ts'
import type { PairMode } from '../../protocol/pair-options.ts'
import { ROOT } from '../sim/daemon.ts'
import type { Expected, Had, PathCase, Variant } from '../pairs/table-cases.ts'
import { PATH_CASES, VARIANTS, codeOf, expectedOf } from '../pairs/table-cases.ts'
import type { FolderBench, Place } from './folder-bench.ts'
import { FOLDER, createFolderBench } from './folder-bench.ts'

const MODES: readonly (readonly [PairMode, source: FolderMode, destination: FolderMode])[] = [
  ['two-way', 'send-receive', 'send-receive'],
  ['source-to-destination', 'send-only', 'receive-only'],
  ['source-backup', 'send-only', 'receive-archive'],
]

const pathOf = (index: number): string => `case-${index}`

function put({ device }: Place, path: string, had: Had, mtimeMs: number): void {
  const at = `${ROOT}/${path}`
  if (device.hands.exists(at)) device.hands.remove(at)
  if (had === null) return
  if ('text' in had) device.hands.write(at, had.text, { mtimeMs })
  else device.hands.write(`${at}/child`, had.child, { mtimeMs })
}

function show(place: Place, path: string): Had {
  const child = place.read(`${path}/child`)
  const text = place.read(path)
  if (text !== undefined) return { text }
  return child === undefined ? null : { child }
}

function copiesOf(place: Place, path: string): string[] {
  const found = place.device.hands.walk(ROOT).filter((each) => each.path.startsWith(`${path}.conflict-`))
  return found.map((each) => (each.kind === 'directory' ? '/' : (place.read(each.path) ?? '')))
}

function found(source: Place, destination: Place, path: string): Expected {
  return {
    ...{ source: show(source, path), destination: show(destination, path) },
    ...{ sourceCopies: copiesOf(source, path), destinationCopies: copiesOf(destination, path) },
  }
}

/** Both have the base of every case; then each changes its side while they cannot hear each other. */
async function playAll(
  bench: FolderBench,
  source: FolderMode,
  destination: FolderMode,
  variant: Variant,
): Promise<[Place, Place]> {
  const [anna, ben] = [bench.place('anna', { mode: source }), bench.place('ben', { mode: destination })]
  const baseMs = anna.device.wall.nowMs() - 1000
  for (const [index, { base }] of PATH_CASES.entries()) put(anna, pathOf(index), base, baseMs)
  const live = PATH_CASES.filter(({ base }) => base !== null).length
  await bench.until('the base', () => ben.daemon.catalogue.read((tx) => tx.totals(FOLDER).live) === live)
  await bench.world.runFor(5000)
  bench.world.network.cut(anna.device.id, ben.device.id)
  for (const [index, each] of PATH_CASES.entries()) {
    for (const [place, had, ms] of [
      [anna, each.source, variant.sourceMs],
      [ben, each.destination, variant.destinationMs],
    ] as const) {
      if (had !== each.base) put(place, pathOf(index), had, ms === null ? baseMs : baseMs + 60_000 + ms)
    }
  }
  await bench.world.runFor(60_000)
  bench.world.network.heal(anna.device.id, ben.device.id)
  await bench.world.runFor(60_000)
  return [anna, ben]
}

/** A directory with things of its own is not moved aside: the file that others have waits, and that is listed. */
const isInTheWay = ({ destination }: PathCase, mode: PairMode): boolean =>
  mode === 'source-backup' && destination !== null && 'child' in destination

function check(each: PathCase, index: number, mode: PairMode, [anna, ben]: readonly [Place, Place]): void {
  const path = pathOf(index)
  const { effect } = VERDICTS[codeOf(each.row, mode)]
  const actual = found(anna, ben, path)
  const what = `row ${each.row} (${each.name}): ${effect}`
  if (isInTheWay(each, mode)) {
    const failures = [...(ben.daemon.sync.engine.folder(FOLDER)?.failures.values() ?? [])]
    assert.ok(
      failures.some((failure) => failure.path === path && failure.code === 'in-the-way'),
      what,
    )
    assert.deepEqual(actual.destination, each.destination, what)
    return
  }
  if (effect === 'conflict') {
    // Which of two that were made at one time wins is the same everywhere, and no matter.
    const either = [true, false].map((isDestinationLater) => expectedOf(each, effect, isDestinationLater))
    assert.ok(
      either.some((one) => JSON.stringify(one) === JSON.stringify(actual)),
      what,
    )
    return
  }
  // An archive that has not yet heard of the deletion gets the file back from what it has; then it keeps it.
  if (effect === 'forget' && mode === 'source-backup' && actual.destination !== null) {
    assert.deepEqual([actual.source, actual.destination], [null, each.base], what)
    return
  }
  assert.deepEqual(actual, expectedOf(each, effect, false), what)
}

describe('the decision table among devices', () => {
  for (const [mode, source, destination] of MODES) {
    for (const variant of VARIANTS) {
      it(`is kept by ${source} and ${destination}, with ${variant.name}`, async () => {
        await using bench = createFolderBench(11)
        const places = await playAll(bench, source, destination, variant)
        const folder = places[1].daemon.sync.engine.folder(FOLDER)
        assert.ok(folder !== undefined)
        if (destination === 'receive-only') revert(folder)
        await bench.world.runFor(60_000)
        for (const [index, each] of PATH_CASES.entries()) check(each, index, mode, places)
      })
    }
  }
})
