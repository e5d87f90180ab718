/** What `holt doctor` finds on a machine, and what it says to do. */

import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { DoctorFacts } from '../../daemon/doctor.ts'
import { machineChecks } from '../../daemon/doctor.ts'
import type { Check } from '../../protocol/api/daemon.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holt-doctor-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const facts = (changes: Partial<DoctorFacts> = {}): DoctorFacts => ({
  ...{ home, roots: [{ name: 'Photos', path: home, watched: 3, unwatched: 0 }], crashes: [] },
  ...{ wallMs: Date.UTC(2026, 10, 21) },
  ...changes,
})

async function checkOf(id: string, changes: Partial<DoctorFacts> = {}): Promise<Check> {
  const checks = await machineChecks(facts(changes))
  return checks.find((check) => check.id === id) ?? assert.fail(`no check ${id}`)
}

describe('holt doctor', () => {
  it('looks at multicast on every interface, watches, clock, space, permissions and crashes', async () => {
    const ids = (await machineChecks(facts())).map(({ id }) => id)
    for (const name of Object.keys(networkInterfaces())) assert.ok(ids.includes(`multicast.${name}`))
    for (const id of ['watches', 'clock', 'space.Photos', 'home', 'crashes']) assert.ok(ids.includes(id), id)
  })

  it('finds nothing where nothing is wrong', async () => {
    for (const id of ['watches', 'clock', 'home', 'crashes']) {
      const { outcome, fix } = await checkOf(id)
      assert.deepEqual({ id, outcome, fix }, { id, outcome: 'ok', fix: null })
    }
  })

  it('says which limit keeps directories from being watched, and how to raise it', async () => {
    const { outcome, detail, fix } = await checkOf('watches', {
      roots: [{ name: 'Photos', path: home, watched: 3, unwatched: 2 }],
    })
    assert.equal(outcome, 'warning')
    assert.match(detail, /^2 directories/)
    assert.match(fix ?? '', /sysctl fs\.inotify\.max_user_watches/)
  })

  it('warns of a clock that was never set', async () => {
    const { outcome, fix } = await checkOf('clock', { wallMs: 0 })
    assert.equal(outcome, 'warning')
    assert.match(fix ?? '', /Set the clock/)
  })

  it('says where a folder went that cannot be reached', async () => {
    const path = join(home, 'gone')
    const { outcome, fix } = await checkOf('space.Photos', {
      roots: [{ name: 'Photos', path, watched: 0, unwatched: 0 }],
    })
    assert.equal(outcome, 'failed')
    assert.match(fix ?? '', /holt folder move "Photos" NEWPATH/)
  })

  it('says how to close a data directory that others can read', async () => {
    chmodSync(home, 0o755)
    const { outcome, fix } = await checkOf('home')
    assert.equal(outcome, 'failed')
    assert.equal(fix, `Run \`chmod 700 ${home}\`.`)
  })

  it('shows the last crash', async () => {
    const crash = {
      ...{ time: '2026-11-20T10:00:00Z', version: '0.1.0', node: 'v24.0.0', platform: 'linux' },
      ...{ message: 'it broke', stack: '', recent: [] },
    }
    const { outcome, detail, fix } = await checkOf('crashes', { crashes: [crash] })
    assert.equal(outcome, 'warning')
    assert.match(detail, /it broke/)
    assert.match(fix ?? '', /holt support-bundle/)
  })
})
