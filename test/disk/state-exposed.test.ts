/** State files that others can read are not used: keys lie in them. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { StateError } from '../../daemon/disk/state-error.ts'
import { openStateFiles } from '../../daemon/disk/state-files.ts'
import { bytesOf } from '../conformance/file-tree-bench.ts'
import { makeTemporary } from './real-tree.ts'

describe('state files to which others have a right', () => {
  let directory: string
  beforeEach(async () => {
    directory = join(makeTemporary(), "it's here")
    const state = await openStateFiles(directory)
    await state.write('identity', bytesOf('secret'))
    await state.write('folders/a.json', bytesOf('{}'))
  })
  afterEach(() => {
    rmSync(join(directory, '..'), { recursive: true })
  })

  for (const [name, mode] of [
    ['.', 0o750],
    ['.', 0o701],
    ['identity', 0o640],
    ['identity', 0o602],
    ['folders/a.json', 0o604],
  ] as const) {
    it(`are refused when ${name} has mode ${mode.toString(8)}, with the command that closes them`, async () => {
      chmodSync(join(directory, name), mode)
      const error: unknown = await openStateFiles(directory).catch((cause: unknown) => cause)
      assert.ok(error instanceof StateError)
      assert.equal(error.code, 'exposed')
      execFileSync('sh', ['-c', error.message.slice(error.message.indexOf('chmod'))])
      const state = await openStateFiles(directory)
      assert.deepEqual(await state.read('identity'), bytesOf('secret'))
    })
  }
})
