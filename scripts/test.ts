/**
 * Runs the tests: `node scripts/test.ts small|full|lan [FILE…]`. Node's own summary ends the output; results go to
 * `.tmp/results` for `npm run promises`. A skip that `test/SKIPS.md` does not explain fails the run.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { COMPILE_CACHE } from '../test/compile-cache.ts'
import { parseTable } from './markdown-table.ts'
import { RESULTS_DIRECTORY, isNamed, nameOf, parseResults } from './test-results.ts'
import type { TestResult } from './test-results.ts'

interface TestKind {
  readonly globs: readonly string[]
  readonly scale: 'small' | 'full'
  /** For one file. */
  readonly timeoutMs: number
  readonly concurrency: number
}

const EVERYWHERE = ['test/*.test.ts', 'test/!(lan)/**/*.test.ts']
const KINDS: Readonly<Record<string, TestKind>> = {
  // They often wait, for daemons in other processes: one file more than there are processors.
  small: { globs: EVERYWHERE, scale: 'small', timeoutMs: 180_000, concurrency: availableParallelism() + 1 },
  full: { globs: EVERYWHERE, scale: 'full', timeoutMs: 1_500_000, concurrency: availableParallelism() + 1 },
  // Needs root, and network namespaces of its own: one at a time.
  lan: { globs: ['test/lan/**/*.test.ts'], scale: 'full', timeoutMs: 600_000, concurrency: 1 },
}

const [name = 'small', ...files] = process.argv.slice(2)
const kind = KINDS[name]
if (kind === undefined) throw new Error(`"${name}" is no kind of test; it is ${Object.keys(KINDS).join(', ')}`)
// Some files only are a look at something, not a run that promises can stand on.
process.exitCode = await run(kind, files, join(RESULTS_DIRECTORY, files.length === 0 ? `${name}.jsonl` : 'part.tmp'))

async function run(kind: TestKind, files: readonly string[], resultsFile: string): Promise<number> {
  await mkdir(RESULTS_DIRECTORY, { recursive: true })
  await rm(resultsFile, { force: true })
  const status = await runNode(kind, files, resultsFile)
  const results = parseResults(await readFile(resultsFile, 'utf8'), resultsFile)
  const unexplained = await findUnexplainedSkips(results)
  for (const skipped of unexplained) {
    process.stderr.write(`skipped without a reason in test/SKIPS.md: ${skipped.file}: ${nameOf(skipped)}\n`)
  }
  if (results.length === 0) process.stderr.write('no test ran\n')
  return status !== 0 || unexplained.length > 0 || results.length === 0 ? 1 : 0
}

async function runNode(kind: TestKind, files: readonly string[], resultsFile: string): Promise<number> {
  const reporters = [
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=./scripts/results-reporter.ts', `--test-reporter-destination=${resultsFile}`],
  ]
  const limits = [`--test-concurrency=${kind.concurrency}`, `--test-timeout=${kind.timeoutMs}`]
  const child = spawn(
    process.execPath,
    ['--test', ...reporters, ...limits, ...(files.length > 0 ? files : kind.globs)],
    {
      stdio: 'inherit',
      env: { ...process.env, HOLT_TEST_SCALE: kind.scale, NODE_COMPILE_CACHE: COMPILE_CACHE },
    },
  )
  await once(child, 'close')
  return child.exitCode ?? 1
}

async function findUnexplainedSkips(results: readonly TestResult[]): Promise<TestResult[]> {
  const skips = parseTable(await readFile('test/SKIPS.md', 'utf8'), 2).map(([test = '']) => test)
  return results.filter((result) => result.status === 'skipped' && !skips.some((skip) => isNamed(result, skip)))
}
