/** What the machine has compiled is kept where nobody else can put it. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { randomBytes } from 'node:crypto'
import { nativeExchangeKeyOf } from '../../daemon/native-crypto.ts'
import { exchangeKeyOf } from '../../protocol/recovery.ts'
import { makeTemporaryDirectory } from '../temporary.ts'

const MODULE = fileURLToPath(new URL('../../daemon/compile-cache.ts', import.meta.url))
const PROGRAM = `(await import(${JSON.stringify(MODULE)})).keepCompiled(); await import('better-sqlite3'); (await import(${JSON.stringify(MODULE)})).writeCompiled()`

function keepsIn(home: string): boolean {
  const env = { ...process.env, HOLT_HOME: home, NODE_COMPILE_CACHE: undefined }
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', PROGRAM], { env })
  assert.equal(status, 0, stderr.toString())
  return existsSync(join(home, 'compiled'))
}

describe('what the machine has compiled', () => {
  it('is kept in a home of its own user, and nowhere that others can write to or that is not there', () => {
    const home = join(makeTemporaryDirectory('compiled'), 'home')
    assert.equal(keepsIn(home), false)
    mkdirSync(home)
    chmodSync(home, 0o777)
    assert.equal(keepsIn(home), false)
    chmodSync(home, 0o700)
    assert.equal(keepsIn(home), true)
  })

  it('goes with the version of Holt or of Node that has compiled it', () => {
    const home = join(makeTemporaryDirectory('compiled'), 'home')
    mkdirSync(join(home, 'compiled', 'of-an-older-holt', 'deep'), { recursive: true, mode: 0o700 })
    chmodSync(home, 0o700)
    keepsIn(home)
    const kept = readdirSync(join(home, 'compiled'))
    assert.equal(kept.length, 1)
    assert.notDeepEqual(kept, ['of-an-older-holt'])
  })
})

describe('the exchange key', () => {
  it('is the same from the system as from the library that others may use', () => {
    for (let i = 0; i < 5; i += 1) {
      const secret = randomBytes(32)
      assert.deepEqual(nativeExchangeKeyOf(secret), exchangeKeyOf(secret))
    }
  })
})
