/**
 * The benchmark: Holt beside other programs, in one run over loopback, each checked byte by byte once its clock has stopped.
 * docs/PERFORMANCE.md says what is measured; `options.ts` what can be asked for.
 */

import { BLOCKS, ROWS } from './blocks.ts'
import { PROGRAMS, QUICK_PROGRAMS } from './contenders/contender.ts'
import type { Program } from './contenders/contender.ts'
import type { BenchOptions } from './options.ts'
import { parseBenchOptions } from './options.ts'
import { renderPage, writePage } from './page.ts'
import type { Result } from './result.ts'
import { appendResult, readResults } from './result.ts'
import { runBlocks } from './run.ts'
import { SET_NAMES } from './sets/data-set.ts'
import { formatNumber, lookupIn } from './table.ts'
import { TARGETS } from './targets.ts'
import { misses } from './verdict.ts'

const asked = parseBenchOptions(process.argv.slice(2), {
  programs: PROGRAMS,
  quickPrograms: QUICK_PROGRAMS,
  sets: SET_NAMES,
  rows: ROWS.map(({ id }) => id),
})
if (asked.kind === 'options') await main(asked.options)
else fail(2, asked.sentence)

async function main(options: BenchOptions): Promise<void> {
  const results = options.table ? readResults(options.results ?? '') : await measure(options)
  if (results.length === 0) {
    fail(1, `Nothing was measured, and no table written: none of ${options.programs.join(', ')} has such a row here.`)
    return
  }
  const page = renderPage(ROWS, results)
  process.stdout.write(`\n${page}\n`)
  if (options.write) await writePage(page)
  if (!options.check) return
  for (const sentence of misses(TARGETS, lookupIn(results))) fail(1, sentence)
}

async function measure(options: BenchOptions): Promise<Result[]> {
  const results: Result[] = []
  const missing = await runBlocks(BLOCKS, options, {
    onResult: (result, { row }) => {
      results.push(result)
      if (options.results !== undefined) appendResult(options.results, result)
      process.stdout.write(`${result.program}: ${row.id} ${formatNumber(result.value)} ${row.unit}\n`)
    },
    onFailure: (sentence) => fail(1, sentence),
  })
  for (const program of missing) process.stderr.write(`${notInstalled(program)}\n`)
  return results
}

function notInstalled(program: Program): string {
  return `${program} is not installed, so nothing is compared with it.`
}

function fail(status: number, sentence: string): void {
  process.stderr.write(`${sentence}\n`)
  process.exitCode = status
}
