/** Results as a table. */

import type { Program } from './contenders/contender.ts'
import { PROGRAMS } from './contenders/contender.ts'
import type { Result } from './result.ts'
import type { Row, Unit } from './row.ts'
import { median } from './row.ts'
import type { Target } from './targets.ts'
import type { Lookup, Verdict } from './verdict.ts'
import { judge } from './verdict.ts'

const NONE = '–'

/** Medians over runs. */
export function lookupIn(results: readonly Result[]): Lookup {
  const byCell = Map.groupBy(results, ({ row, program }) => cellKey(row, program))
  return (row, program) => median((byCell.get(cellKey(row, program)) ?? []).map(({ value }) => value))
}

/** Every row that has a value, in the order given, with the programs that have one; targets and verdicts at the right. */
export function renderTable(rows: readonly Row[], results: readonly Result[], targets: readonly Target[]): string {
  const programs = PROGRAMS.filter((program) => results.some((result) => result.program === program))
  const lookup = lookupIn(results)
  const shown = rows.filter(({ id }) => results.some(({ row }) => row === id))
  const lines = shown.map((row) => {
    const target = targets.find((each) => each.row === row.id)
    const cells = programs.map((program) => renderCell(row.unit, valuesOf(results, row.id, program)))
    const judged =
      target === undefined
        ? [NONE, '']
        : [renderTarget(target, row.unit), renderVerdict(judge(target, lookup), row.unit)]
    return [`${row.title} (\`${row.id}\`)`, ...cells, ...judged]
  })
  const head = ['row', ...programs, 'target', 'verdict']
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The median, and the spread where there are several. */
export function renderCell(unit: Unit, values: readonly number[]): string {
  const middle = median(values)
  if (middle === undefined) return NONE
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const shown = `${formatNumber(middle)} ${unit}`
  return values.length === 1 ? shown : `${shown} (${formatNumber(least)}–${formatNumber(most)})`
}

export function renderTarget({ atMost, of }: Target, unit: Unit): string {
  return of === undefined ? `≤ ${formatNumber(atMost)} ${unit}` : `≤ ${atMost} × ${of}`
}

export function renderVerdict(verdict: Verdict, unit: Unit): string {
  switch (verdict.kind) {
    case 'met':
      return `met (≤ ${formatNumber(verdict.atMost)} ${unit})`
    case 'at-limit':
      return `at the limit: ${verdict.factor.toFixed(2)} × \`${verdict.limit}\` (target ≤ ${formatNumber(verdict.atMost)} ${unit})`
    case 'missed':
      return `**missed** (≤ ${formatNumber(verdict.atMost)} ${unit})`
    case 'not-measured':
      return '**not measured**'
    case 'not-compared':
      return `**not compared**: no ${verdict.program}`
  }
}

/** Three digits that say something, and no more. */
export function formatNumber(value: number): string {
  const size = Math.abs(value)
  if (size === 0 || size >= 100) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  return value.toFixed(size >= 0.1 ? 2 : 3)
}

function valuesOf(results: readonly Result[], row: string, program: Program): number[] {
  return results.filter((each) => each.row === row && each.program === program).map(({ value }) => value)
}

function cellKey(row: string, program: Program): string {
  return `${row} of ${program}`
}
