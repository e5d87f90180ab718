/** What the benchmark was asked to do. A word that it does not know is refused at once: a run takes minutes. */

import { parseArgs } from 'node:util'

const RUNS_MAX = 99
const SEED_MAX = 2 ** 32 - 1
/** What goes into the page has a spread. */
const RUNS_OF_PAGE = 3

/** Names that may be asked for. */
export interface KnownNames {
  readonly programs: readonly string[]
  /** Those of a quick look. */
  readonly quickPrograms: readonly string[]
  readonly sets: readonly string[]
  readonly rows: readonly string[]
}

export interface BenchOptions {
  readonly quick: boolean
  readonly write: boolean
  /** Every row is compared with its target. */
  readonly check: boolean
  /** The table is made of the results file; nothing is measured. */
  readonly table: boolean
  readonly programs: readonly string[]
  readonly sets: readonly string[]
  readonly rows: readonly string[]
  /** No data set was named. */
  readonly isEverySet: boolean
  /** No row was named. */
  readonly isEveryRow: boolean
  readonly seed: number
  /** Odd, so that there is one in the middle. */
  readonly runs: number
  /** Results are added to this file. */
  readonly results: string | undefined
}

export type Asked =
  | { readonly kind: 'options'; readonly options: BenchOptions }
  /** A sentence for the person who asked, which names what would do. */
  | { readonly kind: 'wrong'; readonly sentence: string }

export function parseBenchOptions(words: readonly string[], known: KnownNames): Asked {
  const given = readWords(words)
  if (typeof given === 'string') return wrong(given)
  const { quick, check, table, only, set, row, results } = given
  const write = given.write || check
  const isPage = write && !table
  const seed = wholeNumber(given.seed ?? '1', SEED_MAX)
  const runs = wholeNumber(given.runs ?? (isPage ? String(RUNS_OF_PAGE) : '1'), RUNS_MAX)
  if (runs === undefined || runs % 2 === 0)
    return wrong(`--runs ${given.runs ?? ''} has no run in the middle. Give an odd number from 1 to ${RUNS_MAX}.`)
  if (seed === undefined)
    return wrong(`--seed ${given.seed ?? ''} is no seed. Give a whole number from 0 to ${SEED_MAX}.`)
  const programs = chosen(only, quick ? known.quickPrograms : known.programs, known.programs)
  if (programs === undefined) return wrong(unknownName('--only', only, 'program', known.programs))
  const sets = chosen(set, known.sets, known.sets)
  if (sets === undefined) return wrong(unknownName('--set', set, 'data set', known.sets))
  const rows = chosen(row, known.rows, known.rows)
  if (rows === undefined) return wrong(unknownName('--row', row, 'row', known.rows))
  const refusal = refusalOf({ ...given, write, runs })
  if (refusal !== undefined) return wrong(refusal)
  const isEvery = { isEverySet: set === undefined, isEveryRow: row === undefined }
  return {
    kind: 'options',
    options: { quick, write, check, table, programs, sets, rows, ...isEvery, seed, runs, results },
  }
}

/** What does not go together. */
function refusalOf({
  quick,
  write,
  check,
  table,
  only,
  set,
  row,
  runs,
  results,
}: Omit<Given, 'runs'> & { runs: number }): string | undefined {
  const isPart = quick || only !== undefined || set !== undefined || row !== undefined
  const flag = check ? '--check' : '--write'
  if (write && isPart)
    return `${flag} replaces the whole table, so it measures everything: leave out --quick, --only, --set and --row.`
  if (check && table) return '--check judges one run, and --table measures nothing: leave out one of them.'
  if (table && results === undefined)
    return '--table makes the table of earlier results: name their file with --results.'
  if (write && !table && runs < RUNS_OF_PAGE)
    return `${flag} takes the median of at least ${RUNS_OF_PAGE} runs: leave out --runs ${runs}.`
  return undefined
}

type Given = Exclude<ReturnType<typeof readWords>, string>

/** A sentence where a word is unknown or lacks its value. */
function readWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        quick: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        table: { type: 'boolean', default: false },
        only: { type: 'string' },
        set: { type: 'string' },
        row: { type: 'string' },
        seed: { type: 'string' },
        runs: { type: 'string' },
        results: { type: 'string' },
      },
    }).values
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    return `${cause.message.split('. ')[0] ?? ''}. ${USAGE}`
  }
}

const USAGE =
  'Known are --quick, --write, --check, --only PROGRAM, --set NAME, --row NAME, --runs N, --seed N, --results FILE and --table.'

function wrong(sentence: string): Asked {
  return { kind: 'wrong', sentence }
}

/** Undefined for what is none, or too large. */
function wholeNumber(text: string, max: number): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  return value <= max ? value : undefined
}

/** The usual names where none is given; undefined where the given one is unknown. */
function chosen(
  name: string | undefined,
  usual: readonly string[],
  names: readonly string[],
): readonly string[] | undefined {
  if (name === undefined) return usual
  return names.includes(name) ? [name] : undefined
}

function unknownName(option: string, name: string | undefined, what: string, names: readonly string[]): string {
  return `${option} ${name ?? ''} names no ${what}. Known are ${names.join(', ')}.`
}
