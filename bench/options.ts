/** What the benchmark was asked to do. A word that it does not know is refused at once: a run takes minutes. */

import { parseArgs } from 'node:util'

const RUNS_MAX = 99
const SEED_MAX = 2 ** 32 - 1

/** Names that may be asked for. */
export interface KnownNames {
  readonly programs: readonly string[]
  readonly sets: readonly string[]
}

export interface BenchOptions {
  readonly quick: boolean
  readonly write: boolean
  readonly programs: readonly string[]
  readonly sets: readonly string[]
  readonly seed: number
  /** Odd, so that there is one in the middle. */
  readonly runs: number
}

export type Asked =
  | { readonly kind: 'options'; readonly options: BenchOptions }
  /** A sentence for the person who asked, which names what would do. */
  | { readonly kind: 'wrong'; readonly sentence: string }

export function parseBenchOptions(words: readonly string[], known: KnownNames): Asked {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      only: { type: 'string' },
      set: { type: 'string' },
      seed: { type: 'string', default: '1' },
      runs: { type: 'string', default: '1' },
    },
  })
  const { quick, write, only, set } = values
  const [seed, runs] = [wholeNumber(values.seed, SEED_MAX), wholeNumber(values.runs, RUNS_MAX)]
  if (runs === undefined || runs % 2 === 0) {
    return wrong(`--runs ${values.runs} has no run in the middle. Give an odd number from 1 to ${RUNS_MAX}.`)
  }
  if (seed === undefined) {
    return wrong(`--seed ${values.seed} is no seed. Give a whole number from 0 to ${SEED_MAX}.`)
  }
  const programs = chosen(only, known.programs)
  if (programs === undefined) return wrong(unknownName('--only', only, 'program', known.programs))
  const sets = chosen(set, known.sets)
  if (sets === undefined) return wrong(unknownName('--set', set, 'data set', known.sets))
  if (write && (quick || only !== undefined || set !== undefined)) {
    return wrong('--write replaces the whole table, so it measures everything: leave out --quick, --only and --set.')
  }
  return { kind: 'options', options: { quick, write, programs, sets, seed, runs } }
}

function wrong(sentence: string): Asked {
  return { kind: 'wrong', sentence }
}

/** Undefined for what is none, or too large. */
function wholeNumber(text: string, max: number): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  return value <= max ? value : undefined
}

/** All names where none is given; undefined where the given one is unknown. */
function chosen(name: string | undefined, names: readonly string[]): readonly string[] | undefined {
  if (name === undefined) return names
  return names.includes(name) ? [name] : undefined
}

function unknownName(option: string, name: string | undefined, what: string, names: readonly string[]): string {
  return `${option} ${name ?? ''} names no ${what}. Known are ${names.join(', ')}.`
}
