/** Commands that change folders, devices and the group. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { EXIT } from '../../protocol/api/constants.ts'
import { buildFolder } from '../http/fake-folders.ts'
import { OTHER } from '../http/fake-service.ts'
import type { FakeHome } from './fake-home.ts'
import { openFakeHome } from './fake-home.ts'
import { say } from './lent-world.ts'

let home: FakeHome
const asked: unknown[] = []
before(async () => {
  home = await openFakeHome((fake) => ({
    rejectFolder: async () => buildFolder({ name: 'Photos' }),
    moveFolder: async (ref, path, o) => {
      asked.push(['move', ref, path])
      return await fake.moveFolder(ref, path, o)
    },
    removeFolder: async (ref, o) => {
      asked.push(['remove', ref, o])
      const { id, name } = await fake.folder(ref, { waitMs: 0, signal: AbortSignal.abort() })
      return { id, name, root: '/home/ada/Photos', versions: '/home/ada/Photos/.holt/versions' }
    },
    restore: async (request, o) => {
      asked.push(['restore', request])
      return await fake.restore(request, o)
    },
    undo: async (request, o) => {
      asked.push(['undo', request])
      return await fake.undo(request, o)
    },
    changeLimits: async (request) => {
      asked.push(['limit', request])
      return await fake.changeLimits(request)
    },
    removeDevice: async (ref, o) => {
      asked.push(['device', ref, o])
      return await fake.device(OTHER)
    },
  }))
})
after(() => home[Symbol.asyncDispose]())

/** Words, what is on stdout, and what the engine was asked for. */
const CASES: readonly (readonly [readonly string[], RegExp, unknown?])[] = [
  [['folder', 'pause', 'Photos'], /^Photos is paused\. To go on: holt folder resume Photos\n$/],
  [
    ['limit', '--send', '2M', '--send', '08:00-18:00 mon-fri 500K; sat pause'],
    / all devices +sends +at most 2 MB\/s +2M; 08:00-18:00 mon-fri 500K; sat pause\n +receives +without limit\n/,
    ['limit', { send: ['2M', '08:00-18:00 mon-fri 500K', 'sat pause'] }],
  ],
  [
    ['limit', 'desk', '--receive', 'default'],
    / ada desktop\/über +sends /,
    ['limit', { device: 'desk', receive: null }],
  ],
  [['folder', 'resume', 'Photos'], /^Photos is synced again\.\n$/],
  [['approve', 'Photos'], /^Photos goes on, and does what it halted for\./],
  [['reject', 'Photos'], /^Photos goes on without it; what was deleted comes back on every device\.\n$/],
  [
    ['folder', 'move', 'Photos', '/mnt/Photos'],
    /^Photos is in \/mnt\/Photos now\.\n$/,
    ['move', 'Photos', '/mnt/Photos'],
  ],
  [
    ['folder', 'remove', 'Photos'],
    /^Photos is not synced on this device any more\. Its files stay in \/home\/ada\/Photos\.\nEarlier contents stay in \/home\/ada\/Photos\/\.holt\/versions\.\n$/,
    ['remove', 'Photos', { everywhere: false }],
  ],
  [
    ['folder', 'remove', 'Photos', '--everywhere'],
    /withdrawn from the group/,
    ['remove', 'Photos', { everywhere: true }],
  ],
  [
    ['restore', '/home/ada/Photos/a.jpg', '--at', '2026-09-20 14:30', '--to', '/tmp/b.jpg', '--overwrite'],
    /^\/tmp\/b\.jpg: 2 paths came back, 1 path is what it was before \(4\.5 kB\)\. From ada-laptop\.\n$/,
    [
      'restore',
      { path: '/home/ada/Photos/a.jpg', atMs: Date.parse('2026-09-20T14:30'), to: '/tmp/b.jpg', overwrite: true },
    ],
  ],
  [['device', 'rename', 'ada-laptop', 'Ada’s laptop'], /^This device is called Ada’s laptop now\.\n$/],
  [
    ['device', 'remove', 'ada desktop/über', '--lost'],
    /^ada desktop\/über is no longer in the group\./,
    ['device', 'ada desktop/über', { lost: true }],
  ],
  [
    ['device', 'role', 'ada desktop/über', 'member'],
    /^ada desktop\/über is a member now: it removes no other device\.\n$/,
  ],
  [
    ['leave'],
    /^This device has left its group, and is alone in Ada now\.\nAll files stay:\n {2}Photos in \/home\/ada\/Photos\n$/,
  ],
]

describe('a command that changes something', () => {
  for (const [words, pattern, request] of CASES) {
    it(`does it and says so: holt ${words.join(' ')}`, async () => {
      asked.length = 0
      const ran = await say(home, words)
      assert.deepEqual([ran.status, ran.stderr], [EXIT.ok, ''])
      assert.match(ran.stdout, pattern)
      if (request !== undefined) assert.deepEqual(asked, [request])
    })
  }

  it('takes a step back, and names what was left as it is: holt undo', async () => {
    asked.length = 0
    const ran = await say(home, ['undo', 'Photos', '--batch', '20260921-141320-1234567'])
    assert.equal(ran.status, EXIT.needsAttention)
    assert.match(
      ran.stdout,
      /^Taken back: Photos: ben deleted 2 and changed 1, .*\n2 paths came back, .*\n! 1 path was left/,
    )
    assert.match(ran.stdout, /\n {4}c\.jpg {2}It was changed since\.\n$/)
    assert.deepEqual(asked, [['undo', { folder: 'Photos', step: '20260921-141320-1234567', dryRun: false }]])
    assert.match((await say(home, ['undo', '--dry-run'])).stdout, /^It would take back: .*\n2 paths would come back,/)
    const unknown = await say(home, ['undo', '--batch', 'x'])
    assert.match(unknown.stderr, /\[step-not-found\]\nRun `holt undo --list` to see which there are\.\n$/)
  })

  it('ends with 4 where the daemon refuses, and says what to do', async () => {
    await using other = await openFakeHome()
    const ran = await other.run(['reject', 'Photos'])
    assert.deepEqual([ran.status, ran.stdout], [EXIT.refused, ''])
    assert.match(ran.stderr, /^holt: Photos is not halted\. \[not-halted\]\nNothing needs to be done\.\n$/)
  })
})

describe('what is typed wrongly', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['statsu', /There is no command "statsu"\.\nDid you mean: holt status\n$/],
    ['folder puase Photos', /There is no command "folder puase"\.\nDid you mean: holt folder pause\n$/],
    ['quux', /There is no command "quux"\.\nSee what there is: holt --help\n$/],
    ['folder pause', /FOLDER is missing: its name or id\.\nSee: holt folder pause --help\n$/],
    ['folder pause a b', /There is one word too many: "b"\./],
    ['status --jsno', /There is no --jsno here\. Did you mean --json\?/],
    ['logs -n many', /--lines takes a whole number from 1, not "many"/],
    ['ls Photos --state odd', /"odd" is no state\.\nIt is one of: all, /],
    ['restore /x --at tomorrow', /"tomorrow" is no time in the past\.\nSuch as: 2h, 3d, yesterday/],
    ['restore /x --overwrite', /--overwrite is for what is at the path of --to\./],
    ['undo --list --dry-run', /--list takes nothing back: it stands alone\./],
    ['limit --send 12', /"12" is no limit: a rate in bytes a second is from 1K up/],
    ['limit laptop', /Nothing is said of the device\.\nSay --send or --receive/],
    ['add /x --name', /Not enough arguments following: name/],
    ['completion tcsh', /There is no completion for "tcsh"\.\nChoose one of: bash, zsh, fish\n$/],
  ]
  for (const [line, pattern] of cases) {
    it(`is told with what was probably meant: holt ${line}`, async () => {
      const before = home.asked.length
      const ran = await say(home, line.split(' '))
      assert.deepEqual([ran.status, ran.stdout], [EXIT.usage, ''])
      assert.match(ran.stderr, pattern)
      assert.deepEqual(
        home.asked.slice(before).filter((id) => id !== 'getDaemon'),
        [],
        'nothing was asked for',
      )
    })
  }
})

describe('help', () => {
  it('is on stdout, and needs no daemon', async () => {
    const cases: [string, RegExp][] = [
      ['', /^Holt keeps folders the same[^]*folder pause +Stop syncing/],
      ['--help', /^Holt keeps folders the same/],
      ['help accept', /^holt accept FOLDER \[PATH\] \[--mode MODE\] \[--yes\] \[--wait\]\n/],
      ['folder move --help', /^holt folder move FOLDER NEWPATH \[--adopt\]\n/],
      ['folder', /^holt folder COMMAND …\n\n {2}folder pause/],
      ['--version', /^holt \d+\.\d+\.\d+\n$/],
    ]
    const before = home.asked.length
    for (const [line, pattern] of cases) {
      const ran = await say(home, line === '' ? [] : line.split(' '))
      assert.deepEqual([ran.status, ran.stderr], [EXIT.ok, ''], line)
      assert.match(ran.stdout, pattern)
    }
    assert.equal(home.asked.length, before)
  })
})
