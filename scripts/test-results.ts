/** What a test run leaves for `npm run promises`: one JSON line a test, then one line that says that the run ended. */

import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

export const RESULTS_DIRECTORY = '.tmp/results'

export type TestStatus = 'passed' | 'failed' | 'skipped'

/** A test that ran, or was skipped. A `describe` is none. */
export interface TestResult {
  readonly kind: 'test'
  /** Relative to the repository. */
  readonly file: string
  /** Names from the outermost `describe` to the test. */
  readonly path: readonly string[]
  readonly status: TestStatus
  readonly durationMs: number
}

export interface RunEnd {
  readonly kind: 'end'
  readonly tests: number
}

/** Between the names of a test's path, in tables and messages. */
export const PATH_SEPARATOR = ' › '

export function nameOf(result: TestResult): string {
  return result.path.join(PATH_SEPARATOR)
}

/** Whether a name in a table means this test: its whole path, or the end of it. */
export function isNamed(result: TestResult, name: string): boolean {
  const full = nameOf(result)
  return full === name || full.endsWith(PATH_SEPARATOR + name)
}

/** @throws Error when the run did not end, so that half a run proves nothing. */
export function parseResults(text: string, origin: string): TestResult[] {
  const lines = text.split('\n').filter((line) => line !== '')
  const records = lines.map((line) => JSON.parse(line) as TestResult | RunEnd)
  if (records.at(-1)?.kind !== 'end') throw new Error(`${origin}: the test run was interrupted; run it again`)
  return records.filter((record) => record.kind === 'test')
}

/** The results of the last run of each kind (`small`, `full`, `lan`). */
export async function readAllResults(directory: string): Promise<TestResult[]> {
  const names = await readdir(directory).catch(() => [])
  const files = names.filter((name) => name.endsWith('.jsonl')).sort()
  const all = await Promise.all(
    files.map(async (name) => parseResults(await readFile(join(directory, name), 'utf8'), join(directory, name))),
  )
  return all.flat()
}
