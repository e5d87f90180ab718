/** The decision table in `docs/SEMANTICS.md`, made from the table that the code decides by. */

import { PATH_ROWS, RENAME_ROWS, VERDICTS } from '../daemon/core/decision-table.ts'
import type { PairMode } from '../protocol/pair-options.ts'
import { PAIR_MODES } from '../protocol/pair-options.ts'

export const SEMANTICS_PAGE = 'docs/SEMANTICS.md'
const BEGIN = '<!-- The table: made from daemon/core/decision-table.ts by `npm run docs`; do not edit it here. -->'
const END = '<!-- The end of the table. -->'

/** The page with the table as it is now. @throws Error where the page does not say where the table is */
export function withTable(page: string): string {
  const [head, rest] = page.split(BEGIN)
  const tail = rest?.split(END)[1]
  if (head === undefined || tail === undefined) throw new Error(`${SEMANTICS_PAGE} does not mark where the table is`)
  return `${head}${BEGIN}\n\n${renderTable()}\n\n${END}${tail}`
}

function renderTable(): string {
  const rows: string[][] = [['#', 'S', 'D', ...PAIR_MODES.map((mode) => `\`${mode}\``)]]
  for (const { number, source, destination, pair } of PATH_ROWS)
    rows.push([String(number), source, destination, ...cells((mode) => VERDICTS[pair[mode]].text)])
  for (const { number, source, destination, pair } of RENAME_ROWS)
    rows.push([String(number), source, destination, ...cells((mode) => pair[mode].text)])
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n')
}

function cells(cell: (mode: PairMode) => string): string[] {
  return PAIR_MODES.map(cell)
}
