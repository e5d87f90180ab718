/** `holt sync`: what it asks of the daemon, what it shows, what it ends with. */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { EXIT } from '../../protocol/api/constants.ts'
import type { PairEvent, PairOrder } from '../../protocol/api/pairs.ts'
import { PAIR_RESULT } from '../http/fake-pairs.ts'
import type { FakeHome } from './fake-home.ts'
import { openFakeHome } from './fake-home.ts'
import { runInside, say } from './lent-world.ts'

let home: FakeHome
const orders: PairOrder[] = []
before(async () => {
  home = await openFakeHome((fake) => ({
    syncPair: async (order, o) => {
      orders.push(order)
      return order.watch ? watching(o.signal) : await fake.syncPair(order, o)
    },
  }))
})
after(() => home[Symbol.asyncDispose]())

let isCancelled = false
async function* watching(signal: AbortSignal): AsyncIterable<PairEvent> {
  yield { kind: 'sync.done', result: PAIR_RESULT }
  yield { kind: 'sync.done', result: { ...PAIR_RESULT, changes: 0 } }
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  isCancelled = true
}

describe('holt sync', () => {
  it('asks for what its words say', async () => {
    writeFileSync(join(home.path, 'more'), '*.bak\n')
    const words = ['sync', 'a', '/b', '--mode', 'sourceBackup', '--compare', 'size+mtime', '--on-conflict', 'keepBoth']
    const more = [
      '--include',
      '*.jpg',
      '--include',
      'd/',
      '--exclude',
      '*.tmp',
      '--ignore-file',
      'more',
      '--force-upload',
      '-y',
    ]
    const { status, stdout } = await say(home, [...words, ...more])
    assert.equal(status, EXIT.ok)
    assert.deepEqual(orders.at(-1), {
      ...{ source: join(home.path, 'a'), destination: '/b', mode: 'source-backup', compare: 'size+mtime' },
      ...{ onConflict: 'keep-both', initial: 'merge', force: 'upload', include: ['*.jpg', 'd/'], exclude: ['*.tmp'] },
      ...{ ignore: '*.bak\n', dryRun: false, confirm: true, watch: false },
    })
    assert.equal(stdout, '→ create  a.txt\nDone: 1 file up (3 B). (0 s)\n')
  })

  it('shows a plan with the reasons', async () => {
    const { stdout } = await say(home, ['sync', '/a', '/b', '--dry-run'])
    assert.equal(
      stdout,
      '→ create  a.txt  It was changed on the source only.\n1 change to be made. Nothing was changed.\n',
    )
  })

  it('prints every event for programs', async () => {
    const { stdout } = await say(home, ['sync', '/a', '/b', '--json'])
    const kinds = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as PairEvent).kind)
    assert.deepEqual(kinds, ['scan.start', 'path.changed', 'sync.done'])
  })

  it('shows the counts and ends with 6 where a person has to agree and nobody can be asked', async () => {
    const { status, stderr } = await say(home, ['sync', '/first', '/b'])
    assert.equal(status, EXIT.needsAttention)
    assert.match(stderr, /It would delete 30 files\.\n {2}source: 40 files; 0 would arrive.*30 deleted/)
    assert.match(stderr, /run the command again with --yes/)
    assert.equal((await say(home, ['sync', '/first', '/b', '--yes'])).status, EXIT.ok)
  })

  it('asks on a terminal, and goes on with a yes', async () => {
    const run = runInside(home, ['sync', '/first', '/b'], { isTty: true })
    await run.sees('stderr', /Go on\?/)
    run.type('y')
    assert.equal((await run.ended).status, EXIT.ok)
    assert.equal(orders.at(-1)?.confirm, true)
  })

  it('ends with the status of what the daemon refuses, at once or midway', async () => {
    const refused = await say(home, ['sync', '/nowhere', '/b'])
    assert.equal(refused.status, EXIT.notFound)
    assert.match(refused.stderr, /The source \/nowhere does not exist\. \[path-not-found\]/)
    const full = await say(home, ['sync', '/full', '/b'])
    assert.equal(full.status, EXIT.refused)
    assert.match(full.stderr, /The disk is full\. \[no-space\]\nFree some space\./)
  })

  it('cancels the run with Ctrl-C, and says nothing of runs without a change', async () => {
    const run = runInside(home, ['sync', '/a', '/b', '--watch'])
    await run.sees('stdout', /Done: 1 file up/)
    run.interrupt()
    const { status, stdout } = await run.ended
    assert.equal(status, EXIT.interrupted)
    assert.equal(stdout.match(/Done|Nothing/g)?.length, 1)
    for (let look = 0; look < 200 && !isCancelled; look += 1) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.ok(isCancelled, 'the daemon was told')
  })

  it('refuses words that it does not know, or that exclude each other', async () => {
    for (const words of [
      ['--mode', 'sideways'],
      ['--compare', 'feeling'],
      ['--force-upload', '--force-download'],
      ['--dry-run', '--watch'],
    ]) {
      const { status, stderr } = await say(home, ['sync', '/a', '/b', ...words])
      assert.equal(status, EXIT.usage, stderr)
    }
    assert.equal((await say(home, ['sync', '/a', '/b', '--ignore-file', '/none'])).status, EXIT.notFound)
  })
})
