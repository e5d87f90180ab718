/** The demonstration, as a person runs it: it builds, starts two real devices, and is ended by what it finds. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe } from 'node:test'
import { itInFull } from '../scale.ts'

const ROOT = new URL('../..', import.meta.url).pathname

describe('npm run demo', () => {
  itInFull('ends with two equal folders, shows their digests, and leaves nothing behind', async () => {
    const demo = spawn(process.execPath, ['scripts/demo.ts'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()))
    await once(demo, 'close')
    assert.equal(demo.exitCode, 0, said)
    const digests = [...said.matchAll(/\b(disk|holt)\s+([0-9a-f]{64})$/gm)].map(([, what, digest]) => ({
      what,
      digest,
    }))
    for (const kind of ['disk', 'holt']) {
      const [desk, laptop, ...others] = digests.filter(({ what }) => what === kind)
      assert.equal(desk?.digest, laptop?.digest)
      assert.notEqual(desk, undefined)
      assert.equal(others.length, 0)
    }
    const home = /(\/\S*holt-demo-\w+) is removed/.exec(said)?.[1]
    assert.ok(home !== undefined && !existsSync(home))
  })
})
