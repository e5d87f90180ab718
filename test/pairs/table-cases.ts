/** Cases of the decision table, generated from the table itself: what a side has, what was done to it, and what must come of it. */

import type { Effect, VerdictCode } from '../../daemon/core/decision-table.ts'
import { PATH_ROWS, VERDICTS } from '../../daemon/core/decision-table.ts'
import type { PairMode } from '../../protocol/pair-options.ts'
import { PAIR_MODES } from '../../protocol/pair-options.ts'

/** What a side has at the case's path: a text, a directory with a child of that text, or nothing. */
export type Had = { readonly text: string } | { readonly child: string } | null

export interface PathCase {
  readonly name: string
  readonly row: number
  /** How both sides were when they agreed; null where nothing is remembered. */
  readonly base: Had
  readonly source: Had
  readonly destination: Had
}

/** Texts of one length, so that an edit may keep the size. */
const OLD: Had = { text: 'old' }
const S: Had = { text: 'src' }
const D: Had = { text: 'dst' }
const SAME: Had = { text: 'new' }

/** Every way to come to a row. */
export const PATH_CASES: readonly PathCase[] = [
  { name: 'same, same', row: 1, base: OLD, source: OLD, destination: OLD },
  { name: 'edited, same', row: 2, base: OLD, source: S, destination: OLD },
  { name: 'new, absent', row: 2, base: null, source: S, destination: null },
  { name: 'same, edited', row: 3, base: OLD, source: OLD, destination: D },
  { name: 'absent, new', row: 3, base: null, source: null, destination: D },
  { name: 'deleted, same', row: 4, base: OLD, source: null, destination: OLD },
  { name: 'same, deleted', row: 5, base: OLD, source: OLD, destination: null },
  { name: 'edited alike', row: 6, base: OLD, source: SAME, destination: SAME },
  { name: 'new alike', row: 6, base: null, source: SAME, destination: SAME },
  { name: 'edited, edited otherwise', row: 7, base: OLD, source: S, destination: D },
  { name: 'new, new otherwise', row: 7, base: null, source: S, destination: D },
  { name: 'edited, deleted', row: 8, base: OLD, source: S, destination: null },
  { name: 'deleted, edited', row: 9, base: OLD, source: null, destination: D },
  { name: 'deleted, deleted', row: 10, base: OLD, source: null, destination: null },
  { name: 'file, directory', row: 11, base: null, source: S, destination: { child: 'dst' } },
  { name: 'directory, file', row: 11, base: null, source: { child: 'src' }, destination: D },
  { name: 'file edited, directory instead', row: 11, base: OLD, source: S, destination: { child: 'dst' } },
]

/** How the clocks and sizes of edits are: none of it may change what is decided. */
export const VARIANTS = [
  { name: 'edits as they come', sourceMs: 0, destinationMs: 0 },
  { name: 'edits that keep size and time', sourceMs: null, destinationMs: null },
  { name: 'the clock of the source ten years ahead', sourceMs: 3.2e11, destinationMs: 0 },
  { name: 'the clock of the destination ten years ahead', sourceMs: 0, destinationMs: 3.2e11 },
  { name: 'the clock of the source twenty years behind', sourceMs: -6.3e11, destinationMs: 0 },
] as const
export type Variant = (typeof VARIANTS)[number]

/** What must be there afterwards. A conflict copy is expected at whatever name it has. */
export interface Expected {
  readonly source: Had
  readonly destination: Had
  readonly sourceCopies: readonly string[]
  readonly destinationCopies: readonly string[]
}

export function codeOf(row: number, mode: PairMode): VerdictCode {
  const found = PATH_ROWS.find(({ number }) => number === row)
  if (found === undefined) throw new Error(`no row ${row}`)
  return found.pair[mode]
}

/** @param isDestinationLater which of two edits the conflict policy takes for the later one. */
export function expectedOf({ source, destination }: PathCase, effect: Effect, isDestinationLater: boolean): Expected {
  const none = { sourceCopies: [], destinationCopies: [] }
  switch (effect) {
    case 'nothing':
    case 'keep':
    case 'adopt':
    case 'forget':
      return { source, destination, ...none }
    case 'destination-follows':
      return { source, destination: source, ...none }
    case 'source-follows':
      return { source: destination, destination, ...none }
    case 'conflict': {
      const [winner, loser] = isDestinationLater ? [destination, source] : [source, destination]
      const copies = [textOf(loser)]
      return { source: winner, destination: winner, sourceCopies: copies, destinationCopies: copies }
    }
    case 'directory-wins': {
      const [directory, file] = source !== null && 'child' in source ? [source, destination] : [destination, source]
      const copies = [textOf(file)]
      return { source: directory, destination: directory, sourceCopies: copies, destinationCopies: copies }
    }
    case 'destination-aside':
      return { source, destination: source, sourceCopies: [], destinationCopies: [asideOf(destination)] }
    case 'source-aside':
      return { source: destination, destination, sourceCopies: [asideOf(source)], destinationCopies: [] }
  }
}

function textOf(had: Had): string {
  if (had === null || !('text' in had)) throw new Error('a case of a conflict has a file there')
  return had.text
}

/** A directory goes aside with what is in it. */
function asideOf(had: Had): string {
  return had !== null && 'child' in had ? '/' : textOf(had)
}

/** Every row in every mode, with every way to come to it. */
export function* allCases(): Iterable<{ path: PathCase; mode: PairMode; code: VerdictCode; effect: Effect }> {
  for (const path of PATH_CASES) {
    for (const mode of PAIR_MODES) {
      const code = codeOf(path.row, mode)
      yield { path, mode, code, effect: VERDICTS[code].effect }
    }
  }
}
