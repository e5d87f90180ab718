/** Commands that only read, as processes against a daemon: what they say, on which stream, and how they end. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { COMMANDS } from '../../cli/commands.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { JSON_SHAPES } from '../../scripts/json-shapes.ts'
import { PHOTOS, buildEntry, verifiedOf } from '../http/fake-folders.ts'
import type { FakeHome } from './fake-home.ts'
import { MAIN, TOKEN, openFakeHome, runHolt } from './fake-home.ts'
import { say } from './lent-world.ts'
import { STATUS } from './sample-status.ts'

let home: FakeHome
before(async () => {
  home = await openFakeHome(() => ({
    status: async () => STATUS,
    startVerify: async ({ folder, repair }) => ({
      folders: [verifiedOf(folder, repair ? { damaged: 3, repaired: 1, waiting: 1, damagedVersions: 1 } : {})],
    }),
    entries: async (_ref, { after = '', limit }) => ({
      folder: PHOTOS,
      entries:
        after === ''
          ? [buildEntry('a\u202egpj.exe'), buildEntry('b\n\u001b[31mc.jpg', { state: 'missing' })]
          : [buildEntry('z.jpg')],
      next: after === '' ? `b${limit}` : null,
    }),
  }))
  home.service.events.publish({ kind: 'folder.withdrawn', folder: PHOTOS, name: 'Old' })
  home.service.events.publish({ kind: 'daemon.resumed', sleptMs: 60_000 })
})
after(() => home[Symbol.asyncDispose]())

/** Words, how they end, and what is on stdout. */
const CASES: readonly (readonly [string, number, readonly RegExp[]])[] = [
  [
    'status',
    EXIT.needsAttention,
    [/^ada-laptop in group Ada/, /Photos +\/home\/ada\/Photos/, /→ holt approve Work\n/, /holt accept 'My Videos'/],
  ],
  ['ls', EXIT.ok, [/Photos .*\/home\/ada\/Photos/, /Music/]],
  ['ls Photos', EXIT.ok, [/^synced +15 B +2023-11-14 22:13:20 {2}/, /\nmissing /, /z\.jpg\n$/]],
  [
    'devices',
    EXIT.ok,
    [/● ada-laptop +this device +linux +admin\n/, /ada desktop\/über/, /× ada-phone +lost +\S+ \S+ +by ada-laptop\n/],
  ],
  ['recovery status', EXIT.ok, [/^Nobody has seen the recovery words of this group yet\./]],
  ['devices ada-laptop', EXIT.ok, [/^name +ada-laptop\nid +12D3KooW/]],
  ['folders', EXIT.ok, [/\+ Music .* offered → holt accept Music\n/]],
  ['folders Photos', EXIT.ok, [/directory +\/home\/ada\/Photos\n/]],
  ['scan', EXIT.ok, [/^Photos: 2 files looked at in \S.*, 1 changed\n$/]],
  ['scan Photos', EXIT.ok, [/^Photos: 2 files looked at/]],
  ['verify', EXIT.ok, [/^Photos: 2 files, 30 B read, all as it should be\.\n$/]],
  [
    'verify Work --repair',
    EXIT.needsAttention,
    [
      /^Work: 2 files, 30 B read, 4 files damaged\.\n/,
      /1 file fetched again/,
      /1 file will be fetched when/,
      /→ holt verify Work --repair\n/,
      /→ holt ls Work --state damaged\n/,
      /1 earlier content is damaged/,
    ],
  ],
  [
    'versions /home/ada/Photos/a.jpg',
    EXIT.ok,
    [
      /^2026-09-21 14:13:20 {3}1\.5 kB {2}a\.jpg\n {4}ben deleted it\. Kept on ada-laptop; step 20260921-141320-1234567\n/,
    ],
  ],
  ['undo --list', EXIT.ok, [/^Photos: ben deleted 2 and changed 1, 2026-09-21 .*\n {4}→ holt undo --batch 20260921-/]],
  ['conflicts', EXIT.needsAttention, [/^! Photos: a\.conflict\.jpg\n/, /beside a\.jpg/]],
  [
    'why /home/ada/Photos/b.jpg',
    EXIT.needsAttention,
    [
      /^Photos: b\.jpg\n {2}Only ada-desktop has it/,
      /on this disk {2}Nothing is there\.\n/,
      /decided .*Another device/,
    ],
  ],
  ['events', EXIT.ok, [/folder\.withdrawn Old\n/, /daemon\.resumed after 1 min of sleep\n$/]],
  ['events -n 1', EXIT.ok, [/^\S+ \S+ daemon\.resumed/]],
  ['doctor', EXIT.failed, [/✗ Port: Port 14658 is closed\.\n {4}→ Open it\.\n/, /1 check failed/]],
  ['logs -n 2', EXIT.ok, [/^2026-09-21 14:13:20 folder\.scanned files=2\n.*files=3\n$/]],
  ['config', EXIT.ok, [/^\/home\/ada\/\.holt\/config\.toml\n/, /listen +14658 +default/]],
  ['limit', EXIT.ok, [/^ +all devices +sends +without limit\n +receives +without limit\n$/]],
  ['api', EXIT.ok, [/token +5a5a/]],
]

const AS_PROCESSES = new Set(['status', 'ls Photos', 'doctor', 'logs -n 2'])

describe('a reading command', () => {
  for (const [line, status, patterns] of CASES) {
    it(`says what there is: holt ${line}`, async () => {
      // Some as processes: what they say is the same either way.
      const ran = AS_PROCESSES.has(line) ? await home.run(line.split(' ')) : await say(home, line.split(' '))
      assert.equal(ran.status, status, ran.stderr)
      for (const pattern of patterns) assert.match(ran.stdout, pattern)
      assert.doesNotMatch(ran.stdout, /[^\P{Cc}\n]/u, 'no colours in a pipe')
    })
  }

  it('prints JSON of its documented shape', async () => {
    for (const { name, json = [], operands = [] } of COMMANDS) {
      for (const { form, schema, when } of json) {
        if (name[0] === 'service') continue
        const [, flag] = /^with (--\S+)$/.exec(when ?? '') ?? []
        const needed = operands.filter(
          ({ isRequired }, i) => isRequired || (i === 0 && when?.startsWith('with ') === true),
        )
        const named = needed.map((operand) => (operand.name === 'DEVICE' ? 'ada-laptop' : 'Photos'))
        const operand = flag === undefined ? named : [flag]
        const ran = await say(home, [...name, ...operand, '--json'])
        const lines = ran.stdout.trimEnd().split('\n')
        assert.ok(form === 'lines' || lines.length === 1, `holt ${name.join(' ')} prints one value`)
        for (const text of lines) JSON_SHAPES[schema]?.parse(JSON.parse(text))
        assert.ok(JSON_SHAPES[schema] !== undefined, `${schema} is documented`)
        assert.ok(ran.status === EXIT.ok || ran.status === EXIT.needsAttention || ran.status === EXIT.failed)
      }
    }
  })

  it('shows no control character and no change of direction, neither as text nor as JSON', async () => {
    for (const words of [
      ['ls', 'Photos'],
      ['ls', 'Photos', '--json'],
    ]) {
      const { stdout } = await home.run(words)
      assert.doesNotMatch(stdout.replaceAll('\n', ''), /\p{Cc}|\u202e/u, words.join(' '))
      assert.match(stdout, words.length === 2 ? /a\ufffdgpj\.exe/ : /a\\u202egpj\.exe/)
    }
  })

  it('ends with 3 and names holt start where no daemon runs', async () => {
    const reading = COMMANDS.filter(({ daemon }) => daemon === 'running')
    const wordsOf = ({ name, operands = [] }: (typeof reading)[number]): string[] => [
      ...name,
      ...operands.flatMap(({ isRequired }) => (isRequired ? ['x'] : [])),
    ]
    const runs = await Promise.all(reading.map((command) => say({ path: '/none' }, wordsOf(command))))
    for (const ran of [...runs, await runHolt('/none', ['status'])]) {
      assert.deepEqual([ran.status, ran.stdout], [EXIT.daemonNotRunning, ''])
      assert.match(ran.stderr, /^holt: Holt is not running.*\n.*holt start\n$/)
    }
  })

  it('tells a problem of the daemon with what to do next, and ends with its status', async () => {
    const cases: [string, number, RegExp][] = [
      ['folders Nowhere', EXIT.notFound, /There is no folder Nowhere\. \[folder-not-found\]\nRun `holt folders`/],
      ['devices Nobody', EXIT.notFound, /There is no device Nobody\. \[device-not-found\]\nRun `holt devices`/],
      ['doctor nobody', EXIT.notFound, /There is no device nobody/],
      ['versions /elsewhere', EXIT.notFound, /lies in no folder\. \[not-in-folder\]\nName a path inside a folder/],
    ]
    for (const [line, status, pattern] of cases) {
      const ran = await say(home, line.split(' '))
      assert.deepEqual([ran.status, ran.stdout], [status, ''])
      assert.match(ran.stderr, pattern)
    }
  })
})

describe('holt ls', () => {
  it('asks for page after page, and hands on what the flags say', async () => {
    const asked: object[] = []
    await using other = await openFakeHome(() => ({
      entries: async (_ref, query) => {
        asked.push(query)
        return { folder: PHOTOS, entries: [], next: query.after === undefined ? 'x/1' : null }
      },
    }))
    const ran = await other.run(['ls', 'Photos', './sub/', '--flat', '-s', 'problem'])
    assert.deepEqual([ran.status, ran.stderr], [EXIT.ok, 'Nothing.\n'])
    const query = { directory: 'sub', recursive: false, state: 'problem', limit: 1000 }
    assert.deepEqual(asked, [query, { ...query, after: 'x/1' }])
  })
})

describe('holt events --follow', () => {
  it('prints each event as it happens, and ends when nobody reads it any more', async () => {
    const script = `"$0" "$1" events --follow --json -n 1 | head -n 2`
    const environment = { PATH: process.env['PATH'], HOLT_HOME: home.path, HOME: home.path }
    const running = promisify(execFile)('sh', ['-c', script, process.execPath, MAIN], { env: environment })
    // The second line comes only once the stream is open: until then events are published again and again.
    const timer = setInterval(() => home.service.events.publish({ kind: 'daemon.resumed', sleptMs: 1 }), 50)
    const { stdout } = await running
    clearInterval(timer)
    const [first = '', second = ''] = stdout.trimEnd().split('\n')
    for (const line of [first, second]) JSON_SHAPES['Event']?.parse(JSON.parse(line))
  })
})

describe('holt api', () => {
  it('prints a curl line that works as printed', async () => {
    const { stdout } = await home.run(['api'])
    const curl = stdout.trimEnd().split('\n').at(-1) ?? ''
    assert.match(curl, /^curl /)
    assert.match(stdout, new RegExp(TOKEN))
    const answer = await promisify(execFile)('sh', ['-c', curl])
    JSON_SHAPES['Status']?.parse(JSON.parse(answer.stdout))
  })
})

describe('holt support-bundle', () => {
  it('writes an archive that tar unpacks, and never over something', async () => {
    const target = join(home.path, 'bundle.tar.gz')
    const first = await home.run(['support-bundle', target])
    assert.deepEqual([first.status, first.stdout], [EXIT.ok, `${target}\n`])
    const list = await promisify(execFile)('tar', ['-tzf', target])
    assert.match(list.stdout, /^holt-support-\d{14}\/doctor\.json\nholt-support-\d{14}\/holt\.log\n$/)
    const text = await promisify(execFile)('tar', ['-xzOf', target, '--wildcards', '*/holt.log'])
    assert.equal(text.stdout, 'line one\nline two\n')
    const second = await home.run(['support-bundle', target])
    assert.equal(second.status, EXIT.failed)
    assert.match(second.stderr, /cannot be written.*\n.*holt support-bundle FILE/)
    assert.ok(gunzipSync(await readFile(target)).length > 0)
  })
})
