/** Texts one below the other, in columns as wide as they need to be. */

import type { Text } from './text.ts'
import { joined, t, widthOf } from './text.ts'

const GAP = '  '

/** A row may have fewer cells than others; the last cell of a row is not padded. */
export function toColumns(rows: readonly (readonly Text[])[], indent = ''): Text[] {
  const widths: number[] = []
  for (const row of rows) {
    // A last cell runs on into whatever follows: it does not make its column wider.
    row.slice(0, -1).forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, widthOf(cell))))
  }
  return rows.map(
    (row) =>
      t`${indent}${joined(
        row.map((cell, column) => pad(cell, row, column, widths)),
        GAP,
      )}`,
  )
}

function pad(cell: Text, row: readonly Text[], column: number, widths: readonly number[]): Text {
  if (column === row.length - 1) return cell
  return t`${cell}${' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell)))}`
}
