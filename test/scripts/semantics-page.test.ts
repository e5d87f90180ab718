/** The page about semantics says what the code decides by. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { SEMANTICS_PAGE, withTable } from '../../scripts/semantics-table.ts'

describe('docs/SEMANTICS.md', () => {
  it('shows the decision table as it is: otherwise run npm run docs', async () => {
    const page = await readFile(new URL(`../../${SEMANTICS_PAGE}`, import.meta.url), 'utf8')
    assert.equal(page, withTable(page))
  })
})
