/** Writes the pages that are made from code: `npm run docs`. A test compares each, so that none goes stale. */

import { writeFile } from 'node:fs/promises'
import { renderConfigPage } from '../daemon/config-page.ts'
import { renderCliPage } from './cli-page.ts'

const PAGES: Readonly<Record<string, () => string>> = {
  'docs/CLI.md': renderCliPage,
  'docs/CONFIG.md': renderConfigPage,
}

for (const [file, render] of Object.entries(PAGES)) {
  await writeFile(file, render())
  process.stdout.write(`${file}\n`)
}
