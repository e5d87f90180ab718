/** The licences of what is bundled. */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { noticesOf } from '../../scripts/third-party-notices.ts'
import { makeTemporaryDirectory } from '../temporary.ts'

function plant(manifest: object, files: Readonly<Record<string, string>>): string {
  const root = makeTemporaryDirectory('notices')
  const directory = join(root, 'node_modules', '@some', 'package')
  mkdirSync(directory, { recursive: true })
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({ name: '@some/package', version: '1.2.3', ...manifest }),
  )
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return root
}
const FILES = ['cli/main.ts', 'node_modules/@some/package/lib/a.js', 'node_modules/@some/package/lib/b.js']

describe('third-party notices', () => {
  it('hold the text of every licence once, and none of our own files', async () => {
    const notices = await noticesOf(plant({ license: 'BSD-3-Clause' }, { 'LICENSE.md': 'Copyright (c) Some' }), FILES)
    assert.equal(notices.split('@some/package 1.2.3 (BSD-3-Clause)\n\nCopyright (c) Some').length, 2)
    assert.equal(notices.split('='.repeat(80)).length, 2)
  })

  it('hold the text that "MIT" stands for, where a package brings none', async () => {
    const notices = await noticesOf(plant({ license: 'MIT', author: { name: 'Ada' } }, {}), FILES)
    assert.match(notices, /Copyright \(c\) Ada\n\nPermission is hereby granted/)
  })

  it('cannot be made where a licence does not let its code be bundled, or is unknown', async () => {
    await assert.rejects(
      noticesOf(plant({ license: 'GPL-3.0' }, { LICENSE: 'GPL' }), FILES),
      /its licence is "GPL-3\.0"/,
    )
    await assert.rejects(noticesOf(plant({}, { LICENSE: 'who knows' }), FILES), /its licence is ""/)
    await assert.rejects(noticesOf(plant({ license: 'ISC' }, {}), FILES), /has no file with its licence \(ISC\)/)
  })
})
