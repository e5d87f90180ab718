/** `npm run promises`: a promise is kept by a test that ran and passed, and by nothing less. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkPromise, parsePromises } from '../../scripts/promises.ts'
import { parseResults } from '../../scripts/test-results.ts'
import type { TestResult, TestStatus } from '../../scripts/test-results.ts'

const PAGE = `# Promises

| promise | test | mutant |
|---|---|---|
| Chunks are verified | \`pull › a wrong chunk is never written\` | 050-skip-chunk-hash |
| Both halves | one half; still one<br>other half | |
| Nothing yet | | |
`

function result(path: readonly string[], status: TestStatus): TestResult {
  return { kind: 'test', file: 'test/a.test.ts', path, status, durationMs: 1 }
}

const rows = parsePromises(PAGE)
const PULL = ['sync', 'pull', 'a wrong chunk is never written']
const faultsOf = (index: number, results: readonly TestResult[], patches: readonly string[] = []): string[] => {
  const row = rows[index]
  assert.ok(row)
  return checkPromise(row, results, patches)
}

describe('a promise', () => {
  it('is kept by a passed test that the end of its path names', () => {
    assert.deepEqual(faultsOf(0, [result(PULL, 'passed')], ['050-skip-chunk-hash.patch']), [])
  })

  it('is broken when the test did not run, was skipped or failed', () => {
    const patches = ['050-skip-chunk-hash.patch']
    assert.match(faultsOf(0, [], patches).join(), /did not run/)
    assert.match(faultsOf(0, [result(['pull', 'another'], 'passed')], patches).join(), /did not run/)
    assert.match(faultsOf(0, [result(PULL, 'skipped')], patches).join(), /was skipped/)
    assert.match(faultsOf(0, [result(PULL, 'failed')], patches).join(), /failed/)
  })

  it('is broken when one of several runs of its test failed', () => {
    const both = [result(PULL, 'passed'), result(['other', ...PULL.slice(1)], 'failed')]
    assert.match(faultsOf(0, both, ['050-skip-chunk-hash.patch']).join(), /failed/)
  })

  it('is broken when its mutant is gone', () => {
    assert.match(faultsOf(0, [result(PULL, 'passed')]).join(), /050-skip-chunk-hash is not in/)
  })

  it('may need several tests, all of them', () => {
    const half = result(['one half; still one'], 'passed')
    assert.match(faultsOf(1, [half]).join(), /"other half" did not run/)
    assert.deepEqual(faultsOf(1, [half, result(['x', 'other half'], 'passed')]), [])
  })

  it('without a test is broken', () => {
    assert.match(faultsOf(2, []).join(), /names no test/)
  })
})

describe('the results of a run', () => {
  it('count only when the run came to its end', () => {
    const line = JSON.stringify(result(['a'], 'passed'))
    assert.throws(() => parseResults(`${line}\n`, 'small.jsonl'), /small\.jsonl: the test run was interrupted/)
    assert.throws(() => parseResults('', 'small.jsonl'), /interrupted/)
    assert.equal(parseResults(`${line}\n{"kind":"end","tests":1}\n`, 'small.jsonl').length, 1)
  })
})

describe('a page with several tables', () => {
  it('has the rows of all of them, and no header for a promise', () => {
    const page = `${PAGE}\n## More\n\n| promise | test | mutant |\n| :-- | --- | --- |\n| Third | a \\| b | |\n`
    assert.deepEqual(
      parsePromises(page).map(({ promise, tests }) => [promise, tests]),
      [...rows.map(({ promise, tests }) => [promise, tests]), ['Third', ['a | b']]],
    )
  })
})

describe('a row with a cell too many', () => {
  it('is an error and not a promise', () => {
    assert.throws(() => parsePromises(`${PAGE}| a | b | c | d |\n`), /row 4 has 4 cells/)
  })
})
