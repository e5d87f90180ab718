/** The daemon as the command line starts and stops it: by itself where it is needed, and never twice. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { poll } from '../../cli/patience.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { COMPILE_CACHE } from '../compile-cache.ts'
import { DEADLINE_MS, OWNED, firstWords, runHolt, spawnHolt } from './fake-home.ts'
import type { Ended } from './lent-world.ts'
import { say } from './lent-world.ts'

const MAIN = fileURLToPath(new URL('holt-with-fake-daemon.ts', import.meta.url))
const FAKE_DAEMON = fileURLToPath(new URL('fake-daemon.ts', import.meta.url))

interface QuietHome extends AsyncDisposable {
  readonly path: string
  readonly temporary: string
  /** With a daemon that is quick to start; `environment` reaches it. */
  holt(line: string, environment?: Readonly<Record<string, string>>): Promise<Ended>
}

/** A home without a daemon. Whatever was started in it is stopped. */
async function openQuietHome(): Promise<QuietHome> {
  const path = await mkdtemp(join(tmpdir(), 'holt-quiet-'))
  const temporary = await mkdtemp(join(tmpdir(), 'holt-tmp-'))
  const holt: QuietHome['holt'] = (line, environment = {}) =>
    say({ path }, line.split(' '), {
      environment: { ...process.env, HOLT_HOME: path, NODE_COMPILE_CACHE: COMPILE_CACHE, ...OWNED, ...environment },
      temporaryDirectory: temporary,
      daemonProgram: [process.execPath, FAKE_DAEMON],
    })
  return {
    path,
    temporary,
    holt,
    [Symbol.asyncDispose]: async () => {
      await holt('stop')
      await rm(path, { recursive: true })
      await rm(temporary, { recursive: true })
    },
  }
}

describe('the daemon in the background', () => {
  it('is started once, answers, and is stopped', async () => {
    await using home = await openQuietHome()
    const first = await home.holt('start')
    assert.equal(first.status, EXIT.ok, first.stderr)
    assert.match(first.stdout, /^Holt runs now, as ada-laptop \(process \d+, data in .*\)\.\n$/)
    const pid = Number(/process (\d+)/.exec(first.stdout)?.[1])
    const second = await home.holt('start')
    assert.match(second.stdout, new RegExp(`^Holt already runs, as ada-laptop \\(process ${pid},`))
    const stopped = await home.holt('stop')
    assert.deepEqual([stopped.status, stopped.stdout], [EXIT.ok, `Holt has stopped (process ${pid}).\n`])
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    assert.equal((await home.holt('stop')).stdout, 'Holt was not running.\n')
    assert.deepEqual(await readdir(home.temporary), [], 'nothing is left among the temporary files')
  })

  it('is started by a command that changes something, which says so', async () => {
    await using home = await openQuietHome()
    const ran = await home.holt('folder pause Photos')
    assert.equal(ran.status, EXIT.ok, ran.stderr)
    assert.match(ran.stderr, /^Started Holt in the background \(process \d+\)\.\n$/)
    assert.equal(ran.stdout.split('\n')[0], 'Photos is paused. To go on: holt folder resume Photos')
    assert.equal((await home.holt('folder resume Photos')).stderr, '')
  })

  it('is not started by a command that only reads', async () => {
    await using home = await openQuietHome()
    assert.equal((await home.holt('devices')).status, EXIT.daemonNotRunning)
    assert.equal((await home.holt('stop')).stdout, 'Holt was not running.\n')
  })

  it('that cannot start says why, and its status is passed on', async () => {
    await using home = await openQuietHome()
    const ran = await home.holt('start', { FAKE_DAEMON: 'fail' })
    assert.deepEqual([ran.status, ran.stdout], [EXIT.usage, ''])
    assert.match(
      ran.stderr,
      /^holt: Holt could not be started\. \/h\/config\.toml, line 3: .* Did you mean "listen"\?\n$/,
    )
  })

  it('is one, however many commands start it at once', async () => {
    await using home = await openQuietHome()
    const runs = await Promise.all(
      ['start', 'start', 'start'].map((word) => runHolt(home.path, [word], { main: MAIN })),
    )
    const pids = runs.map(({ stdout }) => /process (\d+)/.exec(stdout)?.[1])
    assert.deepEqual(new Set(pids).size, 1, JSON.stringify(runs))
  })
})

describe('holt start beside another one', () => {
  it('ends only once the daemon that came too late is gone, so that none is there after a stop', async () => {
    await using home = await openQuietHome()
    const [first, late] = await Promise.all([home.holt('start'), home.holt('start', { FAKE_DAEMON: 'slow' })])
    const pid = Number(await readFile(join(home.path, 'slow.pid'), 'utf8'))
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    const pids = [first, late].map(({ stdout }) => /process (\d+)/.exec(stdout)?.[1])
    assert.equal(pids[0], pids[1], JSON.stringify([first, late]))
  })
})

describe('holt daemon', () => {
  it('is the daemon in the foreground: its output and its end', async () => {
    await using home = await openQuietHome()
    const child = spawnHolt(home.path, ['daemon'], { main: MAIN })
    const output = text(child.stdout)
    await firstWords(child)
    const answers = async () => ((await home.holt('devices')).status === EXIT.ok ? true : undefined)
    assert.ok(await poll(answers, { everyMs: 50, deadlineMs: DEADLINE_MS, signal: new AbortController().signal }))
    child.kill('SIGTERM')
    await once(child, 'exit')
    assert.equal(child.exitCode, EXIT.ok)
    assert.match(await output, /^the daemon speaks\nstopped /)
  })

  it('ends as the daemon does', async () => {
    await using home = await openQuietHome()
    const environment = { FAKE_DAEMON: 'fail' }
    const ran = await runHolt(home.path, ['daemon'], { main: MAIN, environment })
    assert.equal(ran.status, EXIT.usage)
    assert.match(ran.stderr, /^\/h\/config\.toml, line 3/)
  })
})
