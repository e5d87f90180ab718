/** A reporter for `node --test`: writes `test-results.ts` lines. */

import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import type { RunEnd, TestResult, TestStatus } from './test-results.ts'

interface Finished {
  readonly name: string
  readonly nesting: number
  readonly file?: string | undefined
  readonly skip?: string | boolean | undefined
  readonly todo?: string | boolean | undefined
  readonly details: { readonly type?: string | undefined; readonly duration_ms: number }
}

/** Starts and ends come in the order of definition, one file after the other, so one stack of names is enough. */
// `node --test` loads a reporter by its default export.
// eslint-disable-next-line no-restricted-syntax
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = []
  let tests = 0
  for await (const event of source) {
    if (event.type === 'test:start') {
      names.length = event.data.nesting
      names.push(event.data.name)
      continue
    }
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const data: Finished = event.data
    if (data.details.type === 'suite') continue
    tests += 1
    yield line(resultOf(data, [...names.slice(0, data.nesting), data.name], event.type === 'test:pass'))
  }
  yield line({ kind: 'end', tests })
}

function resultOf(data: Finished, path: readonly string[], isPassed: boolean): TestResult {
  const file = data.file === undefined ? '' : relative(process.cwd(), data.file)
  return {
    kind: 'test',
    file,
    path,
    status: statusOf(data, isPassed),
    durationMs: Math.round(data.details.duration_ms),
  }
}

/** A test that is to do proves as little as one that is skipped. */
function statusOf(data: Finished, isPassed: boolean): TestStatus {
  if (isSet(data.skip) || isSet(data.todo)) return 'skipped'
  return isPassed ? 'passed' : 'failed'
}

function isSet(mark: string | boolean | undefined): boolean {
  return mark !== undefined && mark !== false
}

function line(record: TestResult | RunEnd): string {
  return `${JSON.stringify(record)}\n`
}
