/** A row of the table: one number of each program. */

export type Unit = 's' | 'MiB' | 'KiB' | '%'

export interface Row {
  /** Stable: what `--row` takes, and what results are kept under. */
  readonly id: string
  readonly title: string
  readonly unit: Unit
  /** What is measured, for people. */
  readonly sentence: string
}

export interface Value {
  readonly row: Row
  readonly value: number
}

/** The value of a row, where there is one. */
export function valueOf(row: Row, value: number | undefined): readonly Value[] {
  return value === undefined ? [] : [{ row, value }]
}

/** The middle one; of an even number the lower of the two in the middle. Undefined of none. */
export function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]
}
