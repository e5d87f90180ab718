/** Writes the pages that are made from code: `npm run docs`. A test compares each, so that none goes stale. */

import { readFile, writeFile } from 'node:fs/promises'
import { renderConfigPage } from '../daemon/config-page.ts'
import { renderCliPage } from './cli-page.ts'
import { SEMANTICS_PAGE, withTable } from './semantics-table.ts'

const PAGES: Readonly<Record<string, () => string>> = {
  'docs/CLI.md': renderCliPage,
  'docs/CONFIG.md': renderConfigPage,
}

for (const [file, render] of Object.entries(PAGES)) {
  await writeFile(file, render())
  process.stdout.write(`${file}\n`)
}
await writeFile(SEMANTICS_PAGE, withTable(await readFile(SEMANTICS_PAGE, 'utf8')))
process.stdout.write(`${SEMANTICS_PAGE}\n`)
