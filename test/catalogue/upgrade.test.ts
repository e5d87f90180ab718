/** A catalogue on its way to another version: copied before, and never lost on the way. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import Database from 'better-sqlite3'
import { openOrRenew } from '../../daemon/catalogue/catalogue-file.ts'
import { MIGRATIONS, SCHEMA_VERSION } from '../../daemon/catalogue/schema.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import { parseDeviceId } from '../../protocol/ids.ts'
import { COMPILE_CACHE } from '../compile-cache.ts'
import { recordFigure } from '../figures.ts'

const FIXTURE = new URL('../fixtures/v1/', import.meta.url).pathname
const CHILD = new URL('migrating-child.ts', import.meta.url).pathname
const KILLED_STEPS = 4
const HUGE_BYTES = 8e12
const crypto = createNativeCrypto()
const LOG = { event: () => undefined }

let home = ''
let file = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holt-upgrade-'))
  file = join(home, 'catalogue.db')
  cpSync(join(FIXTURE, 'anna/home/catalogue.db'), file)
})
afterEach(() => rmSync(home, { recursive: true }))

function open(steps: readonly string[] = MIGRATIONS): ReturnType<typeof openOrRenew> {
  const { devices } = JSON.parse(readFileSync(join(FIXTURE, 'expected.json'), 'utf8')) as {
    devices: Record<string, string>
  }
  return openOrRenew(home, LOG, { self: parseDeviceId(devices['anna']), crypto, steps })
}

/** The version of a database, and how many paths it knows. */
function stateOf(path: string): { version: number; paths: number } {
  const db = new Database(path, { readonly: true })
  const version = Number(db.pragma('user_version', { simple: true }))
  const paths = Number(db.prepare('select count(*) from own').pluck().get())
  db.close()
  return { version, paths }
}

async function migrateAndKill(step: number): Promise<void> {
  const child = spawn(process.execPath, [CHILD, file, String(step)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  assert.equal(said.toString(), step > KILLED_STEPS ? 'done\n' : 'in the middle\n')
  if (step <= KILLED_STEPS) child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

describe('a catalogue of an older version', () => {
  it('is copied before it is migrated; the copy goes with the first start that needs none', () => {
    const { paths } = stateOf(file)
    const copy = join(home, `catalogue.before-v${SCHEMA_VERSION}.sqlite`)
    open()[Symbol.dispose]()
    assert.deepEqual(stateOf(copy), { version: 1, paths })
    assert.deepEqual(stateOf(file), { version: SCHEMA_VERSION, paths })
    open()[Symbol.dispose]()
    assert.ok(!existsSync(copy))
  })

  it('is left as it is while its disk has no room for the copy, with a sentence that says so', () => {
    const before = readFileSync(file)
    // Larger than any disk, without a byte more on it.
    truncateSync(file, HUGE_BYTES)
    assert.throws(() => open(), { name: 'CatalogueError', code: 'no-space', message: /Free \d+ MB and start/ })
    truncateSync(file, before.length)
    assert.deepEqual(readFileSync(file), before)
    open()[Symbol.dispose]()
    assert.equal(stateOf(file).version, SCHEMA_VERSION)
  })

  it('loses nothing when the program is killed in the middle of any step, and goes on there', async () => {
    const { paths } = stateOf(file)
    const copy = join(home, `catalogue.before-v${SCHEMA_VERSION + KILLED_STEPS}.sqlite`)
    for (let step = 1; step <= KILLED_STEPS; step += 1) {
      await migrateAndKill(step)
      assert.deepEqual(stateOf(file), { version: SCHEMA_VERSION + step - 1, paths })
      assert.deepEqual(stateOf(copy), { version: 1, paths })
    }
    await migrateAndKill(KILLED_STEPS + 1)
    assert.deepEqual(stateOf(file), { version: SCHEMA_VERSION + KILLED_STEPS, paths })
    recordFigure('killed-migration', { steps: KILLED_STEPS, kills: KILLED_STEPS })
  })

  it('of a newer version is refused before anything beside it is touched', () => {
    open()[Symbol.dispose]()
    const later = [...MIGRATIONS, 'create table later (n integer) strict;']
    open(later)[Symbol.dispose]()
    const before = snapshot()
    assert.throws(() => open(), { name: 'CatalogueError', code: 'newer' })
    assert.deepEqual(snapshot(), before)
  })
})

/** Without what a look at a database leaves beside it. */
function snapshot(): string[] {
  const names = readdirSync(home).filter((name) => !/-(wal|shm)$/.test(name))
  return names.map(
    (name) =>
      `${name} ${createHash('sha256')
        .update(readFileSync(join(home, name)))
        .digest('hex')}`,
  )
}
