/** The data directory: private, and one daemon's. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { HomeError } from '../../daemon/home-error.ts'
import type { HomeErrorCode } from '../../daemon/home-error.ts'
import { openHome } from '../../daemon/home.ts'

interface Cleaner {
  after(f: () => Promise<void>): void
}

function refuses(code: HomeErrorCode, ...words: readonly RegExp[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HomeError)
    assert.equal(error.code, code)
    for (const word of words) assert.match(error.message, word)
    return true
  }
}

describe('a home', () => {
  it('is made with its parents, and only its owner can enter', async (t) => {
    const path = join(await temporaryDirectory(t), 'a', 'holt')
    await using home = await openHome(path)
    assert.equal((await stat(path)).mode & 0o777, 0o700)
    assert.equal((await stat(home.logDirectory)).mode & 0o777, 0o700)
    assert.equal(await readFile(join(path, 'daemon.pid'), 'utf8'), `${process.pid}\n`)
  })

  it('is made private under any umask', async (t) => {
    const path = join(await temporaryDirectory(t), 'holt')
    const umask = process.umask(0o777)
    t.after(() => void process.umask(umask))
    await makeUnder(path)
    assert.equal((await stat(path)).mode & 0o777, 0o700)
  })

  for (const mode of [0o755, 0o750, 0o701, 0o770]) {
    it(`of mode ${mode.toString(8)} is refused with the command that closes it`, async (t) => {
      const path = join(await temporaryDirectory(t), `an "old" home`)
      await mkdir(path)
      await chmod(path, mode)
      await assert.rejects(openHome(path), refuses('home-exposed', /chmod 700 '\/.*\/an "old" home'$/))
      await chmod(path, 0o700)
      await using home = await openHome(path)
      assert.equal(home.path, path)
    })
  }

  it('that is a file is refused', async (t) => {
    const path = join(await temporaryDirectory(t), 'holt')
    await writeFile(path, '')
    await assert.rejects(openHome(path), refuses('home-unusable', /HOLT_HOME/))
    await assert.rejects(openHome(join(path, 'below')), refuses('home-unusable', /HOLT_HOME/))
  })
})

describe('two daemons on one home', () => {
  it('cannot be, and the second is told of the first', async (t) => {
    const path = await temporaryDirectory(t)
    const first = await startHolder(path, t)
    await assert.rejects(openHome(path), refuses('second-daemon', new RegExp(`process ${first.pid}\\b`), /holt stop/))
  })

  it('cannot be in one process either', async (t) => {
    const path = await temporaryDirectory(t)
    await using first = await openHome(path)
    await assert.rejects(openHome(first.path), refuses('second-daemon'))
    await assert.rejects(openHome(first.path), refuses('second-daemon'))
  })

  it('can follow each other at once, also when the first was killed', async (t) => {
    const path = await temporaryDirectory(t)
    const first = await startHolder(path, t)
    await first.kill()
    for (let turn = 0; turn < 2; turn += 1) {
      await using home = await openHome(path)
      assert.equal(home.path, path)
    }
  })
})

async function makeUnder(path: string): Promise<void> {
  await using home = await openHome(path)
  assert.equal(home.path, path)
}

/** Another process that holds the home until it is killed. */
async function startHolder(path: string, t: Cleaner): Promise<{ pid: number; kill: () => Promise<void> }> {
  const module = JSON.stringify(new URL('../../daemon/home.ts', import.meta.url).href)
  const program = `import(${module}).then(async ({ openHome }) => {
    const home = await openHome(process.argv[1]); process.stdout.write('held'); setInterval(() => home, 1e6) })`
  const child = spawn(process.execPath, ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  t.after(kill)
  await Promise.race([once(child.stdout, 'data'), ended])
  assert.ok(child.pid !== undefined && child.exitCode === null, 'the first daemon did not start')
  return { pid: child.pid, kill }
}

async function temporaryDirectory(t: Cleaner): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'holt-home-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}
