/** Completion: what may stand next, and the scripts that ask for it. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { SHELLS } from '../../cli/completion-scripts.ts'
import { findCandidates } from '../../cli/completion.ts'
import type { FakeHome } from './fake-home.ts'
import { MAIN, openFakeHome } from './fake-home.ts'
import { say } from './lent-world.ts'

let home: FakeHome
before(async () => (home = await openFakeHome()))
after(() => home[Symbol.asyncDispose]())

const next = (line: string) => findCandidates(line.split(' '))
const words = (...list: string[]) => ({ kind: 'words', words: list })

describe('completion', () => {
  it('knows what may stand next', () => {
    assert.deepEqual(next('st'), words('start', 'stop', 'status'))
    assert.deepEqual(next('folder '), words('pause', 'resume', 'move', 'remove', 'set'))
    assert.deepEqual(next('folder re'), words('resume', 'remove'))
    assert.deepEqual(next('accept '), { kind: 'folder' })
    assert.deepEqual(next('accept Photos '), { kind: 'path' })
    assert.deepEqual(next('accept --yes Ph'), { kind: 'folder' })
    assert.deepEqual(next('device remove '), { kind: 'device' })
    assert.deepEqual(next('status --'), words('--json', '--help'))
    assert.deepEqual(next('ls Photos --state un'), words('unsynced', 'undecided', 'unstable', 'unreadable'))
    assert.deepEqual(next('add --name '), words())
    assert.deepEqual(next('completion '), words(...SHELLS))
    assert.deepEqual(next('stop x '), words())
  })

  it('never offers what is not for people', () => {
    assert.deepEqual(next('comp'), words('completion'))
  })

  it('asks the daemon for names, and is silent where there is none', async () => {
    const there = await say(home, ['complete', '--', 'accept', 'M'])
    assert.deepEqual([there.status, there.stdout], [0, 'Music\n'])
    const none = await say(home, ['complete', '--', 'accept', ''], { environment: { HOLT_HOME: '/none' } })
    assert.deepEqual(none, { status: 0, stdout: '', stderr: '' })
  })

  it('works in bash, with names that have spaces', async () => {
    const bin = join(home.path, 'bin')
    await mkdir(bin)
    await writeFile(join(bin, 'holt'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`)
    await chmod(join(bin, 'holt'), 0o755)
    const { stdout: script } = await say(home, ['completion', 'bash'])
    const ask = (line: string, place: number) =>
      `COMP_WORDS=(${line}) COMP_CWORD=${place}; _holt; printf '%s|' "\${COMPREPLY[@]}"; echo`
    const lines = [script, ask('holt folder re', 2), ask("holt devices ''", 2), ask('holt add /usr/bi', 2)].join('\n')
    const environment = {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      HOLT_HOME: home.path,
      HOME: home.path,
      LC_ALL: 'C.UTF-8',
    }
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', lines], { env: environment })
    const [verbs, devices, paths] = stdout.trimEnd().split('\n')
    assert.equal(verbs, 'resume|remove|')
    assert.equal(devices, 'ada-laptop|ada\\ desktop/über|')
    assert.match(paths ?? '', /(^|\|)\/usr\/bin\|/)
  })

  it('has a script for every shell', async () => {
    for (const shell of SHELLS) {
      const { status, stdout } = await say(home, ['completion', shell])
      assert.equal(status, 0)
      assert.match(stdout, /holt complete -- /)
    }
  })
})
