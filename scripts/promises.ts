/**
 * Checks `docs/PROMISES.md` against the last test runs: each promise names a test that ran and passed, and where it names a
 * mutant, a patch that is there. `npm run promises`.
 */

import { readFile, readdir } from 'node:fs/promises'
import { parseTable } from './markdown-table.ts'
import { RESULTS_DIRECTORY, isNamed, readAllResults } from './test-results.ts'
import type { TestResult } from './test-results.ts'

const PAGE = 'docs/PROMISES.md'
const MUTANTS_DIRECTORY = 'test/mutants'

export interface PromiseRow {
  readonly promise: string
  /** The name of a test, or the end of its path; several are separated by `<br>`. */
  readonly tests: readonly string[]
  /** The name of a patch below `test/mutants`, without `.patch`; empty for none. */
  readonly mutants: readonly string[]
}

export function parsePromises(markdown: string): PromiseRow[] {
  return parseTable(markdown, 3).map(([promise = '', tests = '', mutants = '']) => ({
    ...{ promise, tests: splitCell(tests), mutants: splitCell(mutants) },
  }))
}

/** One sentence for everything that is wrong with a row; none when it is kept. */
export function checkPromise(row: PromiseRow, results: readonly TestResult[], patches: readonly string[]): string[] {
  const faults = row.tests.flatMap((test) => checkTest(test, results))
  if (row.tests.length === 0) faults.push('names no test')
  const lost = row.mutants.filter((mutant) => !patches.includes(`${mutant}.patch`))
  return [...faults, ...lost.map((mutant) => `the mutant ${mutant} is not in ${MUTANTS_DIRECTORY}`)]
}

export function checkTest(test: string, results: readonly TestResult[]): string[] {
  const found = results.filter((result) => isNamed(result, test))
  if (found.length === 0) return [`"${test}" did not run: no such test, or it was not part of the last run`]
  const bad = found.filter((result) => result.status !== 'passed')
  return bad.map((result) => `"${test}" ${result.status === 'skipped' ? 'was skipped' : 'failed'} (${result.file})`)
}

function splitCell(cell: string): string[] {
  const names = cell.split('<br>').map((name) => name.trim().replace(/^`([^`]*)`$/, '$1'))
  return names.filter((name) => name !== '')
}

async function main(): Promise<void> {
  const rows = parsePromises(await readFile(PAGE, 'utf8'))
  const results = await readAllResults(RESULTS_DIRECTORY)
  const patches = await readdir(MUTANTS_DIRECTORY)
  const broken = rows.flatMap((row) => {
    const faults = checkPromise(row, results, patches)
    return faults.length === 0 ? [] : [`✖ ${row.promise}\n${faults.map((fault) => `    ${fault}\n`).join('')}`]
  })
  for (const text of broken) process.stdout.write(text)
  const kept = rows.length - broken.length
  process.stdout.write(`${kept} of ${rows.length} promises are kept by tests that ran (${results.length} results)\n`)
  if (broken.length > 0 || rows.length === 0) process.exitCode = 1
}

if (import.meta.main) await main()
