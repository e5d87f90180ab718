/** `npm run reliability`: what is promised has a test and figures, and the figures are those of full runs. */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { format } from 'prettier'
import { checkReliability, parseReliability, writeTables } from '../../scripts/reliability.ts'
import type { TestResult } from '../../scripts/test-results.ts'
import { recordFigure } from '../figures.ts'
import type { RecordedFigures } from '../figures.ts'

const PAGE = `# Reliability

Prose.

### Killed at any moment

Nothing is lost.

- Test: \`kill › loses nothing\`
- Test: \`kill › leaves nothing\`

<!-- figures: kills -->
<!-- end -->

More prose.

### Nothing yet

<!-- figures: other -->
<!-- end -->
`

const passed = (...path: string[]): TestResult => ({
  ...{ kind: 'test', file: 'test/a.test.ts', path, status: 'passed', durationMs: 1 },
})
const RESULTS = [passed('kill', 'loses nothing'), passed('kill', 'leaves nothing')]
const KILLS: RecordedFigures = { name: 'kills', scale: 'full', figures: { kills: 12_000, 'longest restart': '3 s' } }

function faultsOf(
  page: string,
  results: readonly TestResult[],
  recorded: readonly RecordedFigures[],
  index = 0,
): string {
  const promise = parseReliability(page)[index]
  assert.ok(promise)
  return checkReliability(promise, { page, results, recorded }).join('\n')
}

describe('the page of what is promised', () => {
  it('gets the figures of full runs between its markers, formatted, and keeps its prose', async () => {
    const page = writeTables(PAGE, [KILLS])
    assert.match(page, /\| kills +\| 12,000 \|/)
    assert.match(page, /\| longest restart \| +3 s \|/)
    assert.equal(
      page.replace(/<!-- figures: kills -->[\s\S]*?<!-- end -->/, ''),
      PAGE.replace(/<!-- figures: kills -->[\s\S]*?<!-- end -->/, ''),
    )
    assert.equal(await format(page, { parser: 'markdown', printWidth: 128 }), page)
    assert.equal(writeTables(page, [KILLS]), page)
  })

  it('gets no figures of small runs, which stay as they were', () => {
    assert.equal(writeTables(PAGE, [{ ...KILLS, scale: 'small' }]), PAGE)
  })

  it('is checked: every promise has tests that passed, and figures of a full run that are on the page', () => {
    const page = writeTables(PAGE, [KILLS])
    assert.equal(faultsOf(page, RESULTS, [KILLS]), '')
    assert.match(faultsOf(page, RESULTS.slice(1), [KILLS]), /"kill › loses nothing" did not run/)
    assert.match(faultsOf(PAGE, RESULTS, [KILLS]), /the figures of "kills" are not on the page/)
    assert.match(
      faultsOf(page, RESULTS, [{ ...KILLS, scale: 'small' }]),
      /"kills" was not counted by the last full run/,
    )
    assert.match(faultsOf(page, RESULTS, [{ ...KILLS, figures: { restarts: 1 } }]), /"restarts" of "kills"/)
    assert.match(faultsOf(page, RESULTS, [KILLS], 1), /names no test\nthe figures of "other" are not/)
  })
})

describe('figures', () => {
  it('are kept whole, the newest in place of the older', () => {
    const directory = mkdtempSync(join(tmpdir(), 'holt-figures-'))
    try {
      for (const kills of [1, 2]) recordFigure('some-kills', { kills }, directory)
      assert.deepEqual(readdirSync(directory), ['some-kills.json'])
      const { figures } = JSON.parse(readFileSync(join(directory, 'some-kills.json'), 'utf8')) as RecordedFigures
      assert.deepEqual(figures, { kills: 2 })
      assert.throws(() => recordFigure('Some Kills', {}, directory), /not kebab-case/)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
