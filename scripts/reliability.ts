/**
 * Writes the figures of the last full runs into `docs/RELIABILITY.md`: `npm run reliability`. Only what stands between markers
 * is replaced. With `--check` nothing is written, and a promise without a test that passed, or without a figure, fails.
 */

import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FIGURES_DIRECTORY } from '../test/figures.ts'
import type { Figures, RecordedFigures } from '../test/figures.ts'
import { checkTest } from './promises.ts'
import { RESULTS_DIRECTORY, readAllResults } from './test-results.ts'
import type { TestResult } from './test-results.ts'

const PAGE = 'docs/RELIABILITY.md'
/** `<!-- figures: NAME -->`, a table, `<!-- end -->`. */
const BLOCK = /<!-- figures: ([a-z0-9-]+) -->\n([\s\S]*?)<!-- end -->/g
/** Below a heading of this level stands one promise. */
const HEADING = /^### (.+)$/m
const TEST_LINE = /^- Test: `(.+)`$/gm

export interface ReliabilityPromise {
  readonly promise: string
  readonly tests: readonly string[]
  /** The names of its figures. */
  readonly figures: readonly string[]
}

export function parseReliability(page: string): ReliabilityPromise[] {
  return page.split(/^(?=#{1,3} )/m).flatMap((section) => {
    const promise = HEADING.exec(section)?.[1]
    if (promise === undefined) return []
    const tests = [...section.matchAll(TEST_LINE)].map(([, test = '']) => test)
    return [{ promise, tests, figures: [...section.matchAll(BLOCK)].map(([, name = '']) => name) }]
  })
}

/** The page with the tables of full runs; where there are none, what an earlier run wrote stays. */
export function writeTables(page: string, recorded: readonly RecordedFigures[]): string {
  return page.replaceAll(BLOCK, (block: string, name: string) => {
    const found = recorded.find((each) => each.name === name && each.scale === 'full')
    return found === undefined ? block : `<!-- figures: ${name} -->\n\n${toTable(found.figures)}\n<!-- end -->`
  })
}

/** A table as the formatter of this repository writes it. */
function toTable(figures: Figures): string {
  const rows = Object.entries(figures).map(([what, much]): [string, string] => [what, shown(much)])
  const [left, right] = [widest('counted', rows, 0), widest('figure', rows, 1)]
  const line = ([what, much]: readonly [string, string]): string =>
    `| ${what.padEnd(left)} | ${much.padStart(right)} |\n`
  const rule = `| ${'-'.repeat(left)} | ${'-'.repeat(right - 1)}: |\n`
  return [line(['counted', 'figure']), rule, ...rows.map(line)].join('')
}

function widest(header: string, rows: readonly (readonly [string, string])[], column: 0 | 1): number {
  return Math.max(header.length, ...rows.map((row) => row[column].length))
}

function shown(much: number | string): string {
  return typeof much === 'number' ? much.toLocaleString('en') : much
}

/** One sentence for everything that is wrong with a promise; none when it is kept and counted. */
export function checkReliability(
  { tests, figures }: ReliabilityPromise,
  o: {
    readonly page: string
    readonly results: readonly TestResult[]
    readonly recorded: readonly RecordedFigures[]
  },
): string[] {
  const faults = tests.flatMap((test) => checkTest(test, o.results))
  if (tests.length === 0) faults.push('names no test')
  if (figures.length === 0) faults.push('has no figures')
  return [...faults, ...figures.flatMap((name) => checkFigures(name, o))]
}

function checkFigures(
  name: string,
  { page, recorded }: { readonly page: string; readonly recorded: readonly RecordedFigures[] },
): string[] {
  const table = [...page.matchAll(BLOCK)].find((block) => block[1] === name)?.[2] ?? ''
  if (!table.includes('|'))
    return [`the figures of "${name}" are not on the page: npm run reliability, after the full tests`]
  const found = recorded.find((each) => each.name === name && each.scale === 'full')
  if (found === undefined) return [`"${name}" was not counted by the last full run`]
  const absent = Object.keys(found.figures).filter((what) => !table.includes(`| ${what} `))
  return absent.map((what) => `"${what}" of "${name}" is counted, and not on the page: npm run reliability`)
}

async function readRecorded(directory: string): Promise<RecordedFigures[]> {
  const names = await readdir(directory).catch(() => [])
  const files = names.filter((name) => name.endsWith('.json')).sort()
  return Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(directory, name), 'utf8')) as RecordedFigures),
  )
}

async function main(isCheck: boolean): Promise<void> {
  const page = await readFile(PAGE, 'utf8')
  const recorded = await readRecorded(FIGURES_DIRECTORY)
  if (!isCheck) {
    await writeFile(PAGE, writeTables(page, recorded))
    process.stdout.write(`${PAGE}\n`)
    return
  }
  const promises = parseReliability(page)
  const results = await readAllResults(RESULTS_DIRECTORY)
  const broken = promises.map((each) => ({ ...each, faults: checkReliability(each, { page, results, recorded }) }))
  for (const { promise, faults } of broken.filter((each) => each.faults.length > 0)) {
    process.stdout.write(`✖ ${promise}\n${faults.map((fault) => `    ${fault}\n`).join('')}`)
  }
  const kept = broken.filter(({ faults }) => faults.length === 0).length
  process.stdout.write(`${kept} of ${promises.length} promises have a test that passed, and figures\n`)
  if (kept < promises.length || promises.length === 0) process.exitCode = 1
}

if (import.meta.main) await main(process.argv.includes('--check'))
