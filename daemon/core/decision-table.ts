/**
 * The decision table: what becomes of a path, by how each side stands to the last common state and by the mode. Data only: the code
 * decides by it, `docs/SEMANTICS.md` prints it, and the tests are generated from it.
 */

import type { PairMode } from '../../protocol/pair-options.ts'

/** What a verdict does with the two sides. */
export type Effect =
  | 'nothing'
  /** The destination becomes as the source is, also where there is nothing. */
  | 'destination-follows'
  /** The source becomes as the destination is, also where there is nothing. */
  | 'source-follows'
  /** The sides differ, and stay as they are. */
  | 'keep'
  /** Both sides have the same already: that is remembered. */
  | 'adopt'
  /** Both sides have nothing: that is remembered. */
  | 'forget'
  /** The conflict policy decides. */
  | 'conflict'
  /** A directory keeps the name; the file of the other side becomes a conflict copy, on both sides. */
  | 'directory-wins'
  /** As `destination-follows`; what the destination had becomes a conflict copy there. */
  | 'destination-aside'
  /** As `source-follows`; what the source had becomes a conflict copy there. */
  | 'source-aside'

export interface VerdictKind {
  readonly effect: Effect
  /** In a cell of the table. */
  readonly text: string
  /** Why, as a sentence for people. */
  readonly sentence: string
}

const verdict = (effect: Effect, text: string, sentence: string): VerdictKind => ({ effect, text, sentence })

/** Verdicts by their reason codes. */
export const VERDICTS = {
  same: verdict('nothing', '–', 'Neither side has changed.'),
  'to-destination': verdict('destination-follows', 'S→D', 'It was changed on the source only.'),
  'to-source': verdict('source-follows', 'D→S', 'It was changed on the destination only.'),
  'source-decides': verdict(
    'destination-follows',
    'S→D',
    'Both sides have changed, and in this mode the source decides.',
  ),
  'destination-decides': verdict(
    'source-follows',
    'D→S',
    'Both sides have changed, and in this mode the destination decides.',
  ),
  'revert-source': verdict(
    'source-follows',
    'revert S (edit: D→S; new: delete S)',
    'It was changed on the source, and in this mode the source follows the destination.',
  ),
  'revert-destination': verdict(
    'destination-follows',
    'revert D (edit: S→D; new: delete D)',
    'It was changed on the destination, and in this mode the destination follows the source.',
  ),
  'keep-source': verdict('keep', 'keep S', 'In this mode what the source has of its own is kept and goes nowhere.'),
  'keep-destination': verdict(
    'keep',
    'keep D',
    'In this mode what the destination has of its own is kept and goes nowhere.',
  ),
  'delete-source': verdict('source-follows', 'delete S', 'It was deleted on the destination.'),
  'delete-destination': verdict('destination-follows', 'delete D', 'It was deleted on the source.'),
  'restore-source': verdict(
    'source-follows',
    'restore S',
    'It was deleted on the source, and in this mode the destination decides.',
  ),
  'restore-destination': verdict(
    'destination-follows',
    'restore D',
    'It was deleted on the destination, and in this mode the source decides.',
  ),
  'same-content': verdict('adopt', 'adopt, no transfer', 'Both sides have the same content already.'),
  conflict: verdict('conflict', '**conflict policy**', 'Both sides have changed it, each in its own way.'),
  'edit-wins-source': verdict(
    'destination-follows',
    '**edit wins**: S→D',
    'It was edited on the source and deleted on the destination: an edit wins over a deletion.',
  ),
  'edit-wins-destination': verdict(
    'source-follows',
    '**edit wins**: D→S',
    'It was edited on the destination and deleted on the source: an edit wins over a deletion.',
  ),
  'both-deleted': verdict('forget', 'forget', 'It was deleted on both sides.'),
  'directory-wins': verdict(
    'directory-wins',
    'directory keeps the name, file → conflict copy',
    'One side has a directory there and the other a file: the directory keeps the name.',
  ),
  'source-kind-wins': verdict(
    'destination-follows',
    'S wins',
    'One side has a directory there and the other a file, and in this mode the source decides.',
  ),
  'source-kind-wins-aside': verdict(
    'destination-aside',
    'S wins, what D has → conflict copy',
    'One side has a directory there and the other a file: the source keeps the name, and what the destination had is kept beside it.',
  ),
  'destination-kind-wins': verdict(
    'source-follows',
    'D wins',
    'One side has a directory there and the other a file, and in this mode the destination decides.',
  ),
  'destination-kind-wins-aside': verdict(
    'source-aside',
    'D wins, what S has → conflict copy',
    'One side has a directory there and the other a file: the destination keeps the name, and what the source had is kept beside it.',
  ),
} as const satisfies Record<string, VerdictKind>

export type VerdictCode = keyof typeof VERDICTS

/** How one side of a path stands to the last common state. */
export type Standing = 'same' | 'edited' | 'new' | 'deleted' | 'absent'

/** A row that is about one path. */
export interface PathRow {
  readonly kind: 'path'
  readonly number: number
  readonly source: string
  readonly destination: string
  readonly pair: Readonly<Record<PairMode, VerdictCode>>
}

/** A side after a row about a rename of `p`, in words: which names there are and what they hold. */
export interface RenameCell {
  readonly text: string
  /** Names and what is in them: the common content before, or the edit of the other side. */
  readonly source: Readonly<Record<string, 'old' | 'edit'>>
  readonly destination: Readonly<Record<string, 'old' | 'edit'>>
}

/** A row that is about a file with a new name: it follows from the rows about paths, and no bytes are transferred for it. */
export interface RenameRow {
  readonly kind: 'rename'
  readonly number: number
  readonly source: string
  readonly destination: string
  readonly pair: Readonly<Record<PairMode, RenameCell>>
}

const inModes = <T>(tw: T, std: T, sb: T, dts: T, db: T): Readonly<Record<PairMode, T>> => ({
  'two-way': tw,
  'source-to-destination': std,
  'source-backup': sb,
  'destination-to-source': dts,
  'destination-backup': db,
})

const everywhere = (code: VerdictCode): Readonly<Record<PairMode, VerdictCode>> => inModes(code, code, code, code, code)

const row = (number: number, source: string, destination: string, pair: PathRow['pair']): PathRow => ({
  ...{ kind: 'path', number, source, destination, pair },
})

type Names = RenameCell['source']
const names = (text: string, source: Names, destination: Names = source): RenameCell => ({ text, source, destination })

export const PATH_ROWS = [
  row(1, 'same', 'same', everywhere('same')),
  row(
    2,
    'edited or new',
    'same or absent',
    inModes('to-destination', 'to-destination', 'to-destination', 'revert-source', 'keep-source'),
  ),
  row(
    3,
    'same or absent',
    'edited or new',
    inModes('to-source', 'revert-destination', 'keep-destination', 'to-source', 'to-source'),
  ),
  row(
    4,
    'deleted',
    'same',
    inModes('delete-destination', 'delete-destination', 'keep-destination', 'restore-source', 'restore-source'),
  ),
  row(
    5,
    'same',
    'deleted',
    inModes('delete-source', 'restore-destination', 'restore-destination', 'delete-source', 'keep-source'),
  ),
  row(6, 'changed', 'changed, same content', everywhere('same-content')),
  row(
    7,
    'changed',
    'changed, differ',
    inModes('conflict', 'source-decides', 'source-decides', 'destination-decides', 'destination-decides'),
  ),
  row(
    8,
    'edited',
    'deleted',
    inModes('edit-wins-source', 'source-decides', 'source-decides', 'delete-source', 'keep-source'),
  ),
  row(
    9,
    'deleted',
    'edited',
    inModes(
      'edit-wins-destination',
      'delete-destination',
      'keep-destination',
      'destination-decides',
      'destination-decides',
    ),
  ),
  row(10, 'deleted', 'deleted', everywhere('both-deleted')),
  row(
    11,
    'file',
    'directory at the same path',
    inModes(
      'directory-wins',
      'source-kind-wins',
      'source-kind-wins-aside',
      'destination-kind-wins',
      'destination-kind-wins-aside',
    ),
  ),
] as const satisfies readonly PathRow[]

export const RENAME_ROWS: readonly RenameRow[] = [
  {
    kind: 'rename',
    number: 12,
    source: 'renamed p→q',
    destination: 'same',
    pair: inModes(
      names('rename, no transfer', { q: 'old' }),
      names('rename', { q: 'old' }),
      names('rename', { q: 'old' }),
      names('revert', { p: 'old' }),
      names('keep both', { p: 'old', q: 'old' }, { p: 'old' }),
    ),
  },
  {
    kind: 'rename',
    number: 13,
    source: 'renamed p→q',
    destination: 'edited p',
    pair: inModes(
      names('p = the edit, q = old content', { p: 'edit', q: 'old' }),
      names('q; p deleted', { q: 'old' }),
      names('q, keep p', { q: 'old' }, { p: 'edit', q: 'old' }),
      names('p; q deleted', { p: 'edit' }),
      names('p, keep q', { p: 'edit', q: 'old' }, { p: 'edit' }),
    ),
  },
  {
    kind: 'rename',
    number: 14,
    source: 'renamed p→q',
    destination: 'renamed p→r',
    pair: inModes(
      names('q and r', { q: 'old', r: 'old' }),
      names('q', { q: 'old' }),
      names('q, keep r', { q: 'old' }, { q: 'old', r: 'old' }),
      names('r', { r: 'old' }),
      names('r, keep q', { r: 'old', q: 'old' }, { r: 'old' }),
    ),
  },
]

/** The number of the row of a path by its two standings; rows 6, 7 and 11 are told apart by what is there. */
export function rowNumberOf(
  source: Standing,
  destination: Standing,
  both: 'same' | 'differ' | 'clash',
): (typeof PATH_ROWS)[number]['number'] {
  const isGone = (standing: Standing): boolean => standing === 'deleted' || standing === 'absent'
  const isChanged = (standing: Standing): boolean => standing === 'edited' || standing === 'new'
  if (isChanged(source) && isChanged(destination)) return both === 'same' ? 6 : both === 'differ' ? 7 : 11
  if (source === 'deleted' && destination === 'deleted') return 10
  if (source === 'edited' && destination === 'deleted') return 8
  if (source === 'deleted' && destination === 'edited') return 9
  if (isChanged(source)) return 2
  if (isChanged(destination)) return 3
  if (isGone(source) && !isGone(destination)) return 4
  return isGone(destination) && !isGone(source) ? 5 : 1
}

/** The verdict of a path in a mode. */
export function verdictIn(number: number, mode: PairMode): VerdictCode {
  const found = PATH_ROWS.find((each) => each.number === number)
  if (found === undefined) throw new Error(`the decision table has no row ${number} about one path`)
  return found.pair[mode]
}
