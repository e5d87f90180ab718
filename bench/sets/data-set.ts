/** A set of files that a benchmark moves: made from a seed, so that a stranger moves the same. */

export const SET_NAMES = ['big', 'mixed', 'small', 'photos', 'million'] as const
export type SetName = (typeof SET_NAMES)[number]

export interface DataSet {
  readonly name: SetName
  readonly files: number
  readonly bytes: number
  /** Writes it below a directory that is not there yet. */
  write(directory: string): void
}

export interface SetOptions {
  readonly seed: number
  /** A small one, for a look. */
  readonly isQuick: boolean
}
