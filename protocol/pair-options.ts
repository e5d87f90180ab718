/** How a pair of places is kept the same: the words that a person may say, in the command line, the API and the library. */

export const PAIR_MODES = [
  'two-way',
  'source-to-destination',
  'source-backup',
  'destination-to-source',
  'destination-backup',
] as const
export type PairMode = (typeof PAIR_MODES)[number]

/** What tells whether two files, or a file and what was remembered of it, are the same. */
export const COMPARISONS = ['hash', 'size', 'mtime', 'size+mtime', 'hash+mtime'] as const
export type Comparison = (typeof COMPARISONS)[number]

/** What becomes of a file that was changed on both sides, in mode `two-way`. */
export const CONFLICT_POLICIES = ['keep-both', 'newest', 'source', 'destination', 'manual'] as const
export type ConflictPolicy = (typeof CONFLICT_POLICIES)[number]

/** Who is right where the sides differ and nothing is remembered of them, in mode `two-way`. */
export const INITIAL_PREFERENCES = ['merge', 'source-wins', 'destination-wins'] as const
export type InitialPreference = (typeof INITIAL_PREFERENCES)[number]

/** Transfers also what is the same already. */
export const FORCES = ['upload', 'download'] as const
export type Force = (typeof FORCES)[number]

/** Short names of the modes. */
export const MODE_ALIASES: Readonly<Record<string, PairMode>> = {
  tw: 'two-way',
  std: 'source-to-destination',
  sb: 'source-backup',
  dts: 'destination-to-source',
  db: 'destination-backup',
}

/** A mode by its name, its name in camelCase, or its alias; undefined for any other text. */
export function parsePairMode(text: string): PairMode | undefined {
  return parseWord(PAIR_MODES, Object.hasOwn(MODE_ALIASES, text) ? (MODE_ALIASES[text] ?? text) : text)
}

/** One of the words, also when it is written in camelCase; undefined for any other text. */
export function parseWord<const T extends string>(words: readonly T[], text: string): T | undefined {
  return words.find((word) => word === text || toCamelCase(word) === text)
}

export function toCamelCase(word: string): string {
  return word.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** Whether a mode lets files go from the source to the destination. */
export function allowsUpload(mode: PairMode): boolean {
  return mode === 'two-way' || mode === 'source-to-destination' || mode === 'source-backup'
}

/** Whether a mode lets files go from the destination to the source. */
export function allowsDownload(mode: PairMode): boolean {
  return mode === 'two-way' || mode === 'destination-to-source' || mode === 'destination-backup'
}
