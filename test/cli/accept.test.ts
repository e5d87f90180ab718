/** `holt add` and `holt accept`: what is said and asked before anything is changed. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { AcceptFolder, AddFolder, Folder, FolderState, Halt } from '../../protocol/api/folders.ts'
import { EXIT } from '../../protocol/api/constants.ts'
import { ServiceError } from '../../daemon/http/service.ts'
import type { FakeService } from '../http/fake-service.ts'
import { PHOTOS, buildFolder, createFakeFolders } from '../http/fake-folders.ts'
import type { FakeHome } from './fake-home.ts'
import { openFakeHome } from './fake-home.ts'
import { runInside, say } from './lent-world.ts'

const amount = (files: number, bytes = 0) => ({ files, bytes })

interface Asked {
  readonly added: AddFolder[]
  readonly accepted: AcceptFolder[]
  readonly waited: number[]
}

/** `Music` is offered; directories are as `isEmpty` says. */
async function opened(isEmpty: boolean, over: Partial<FakeService> = {}): Promise<FakeHome & Asked> {
  const asked: Asked = { added: [], accepted: [], waited: [] }
  const home = await openFakeHome((fake) => ({
    addFolder: async (request, o) => {
      asked.added.push(request)
      if (request.ifOffered === 'join' && !isEmpty && !request.confirm) {
        throw new ServiceError('confirm-needed', `${request.path} is not empty.`)
      }
      return await fake.addFolder(request, o)
    },
    previewFolder: async (ref, request, o) => {
      asked.waited.push(request.waitMs)
      const found = await fake.previewFolder(ref, request, o)
      const counts = {
        same: amount(120, 9),
        onlyHere: amount(3, 9),
        onlyThere: amount(44, 1_200_000),
        different: amount(2, 9),
      }
      return { ...found, ...counts, exists: !isEmpty, isEmpty, needsConfirm: !isEmpty }
    },
    acceptFolder: async (ref, request, o) => {
      asked.accepted.push(request)
      return await fake.acceptFolder(ref, request, o)
    },
    ...over,
  }))
  return { ...home, ...asked }
}

describe('holt accept', () => {
  it('says what would happen to a directory that is not empty, and refuses where nobody can be asked', async () => {
    await using home = await opened(false)
    const ran = await home.run(['accept', 'Music', './Pictures'])
    const path = join(process.cwd(), 'Pictures')
    assert.equal(ran.status, EXIT.refused)
    assert.match(
      ran.stderr,
      new RegExp(`^${path}: same 120, only here 3, only there 44 .*, different 2 → conflict copies\n`),
    )
    assert.match(ran.stderr, /--yes/)
    assert.deepEqual([home.accepted, home.waited], [[], [15_000]])
  })

  for (const [mode, words] of [
    ['receive-only', /only here 3 → stay, and go no further, .*, different 2 → replaced, yours go to the versions\n/],
    [
      'receive-archive',
      /only here 3 → stay, and go no further, .*, different 2 → replaced, yours go to the versions\n/,
    ],
    ['send-only', /only here 3, only there 44 → not fetched, different 2 → yours stay here/],
  ] as const) {
    it(`says what becomes of each file, by the mode: ${mode}`, async () => {
      await using home = await opened(false)
      const ran = await say(home, ['accept', 'Music', './Pictures', '--mode', mode])
      assert.equal(ran.status, EXIT.refused)
      assert.match(ran.stderr, words)
    })
  }

  it('warns where one side has many more files than the other', async () => {
    const fake = createFakeFolders()
    await using home = await opened(false, {
      previewFolder: async (ref, request, o) => ({ ...(await fake.previewFolder(ref, request, o)), isLopsided: true }),
    })
    const ran = await say(home, ['accept', 'Music', './Pictures'])
    assert.match(ran.stderr, /^! 0 files here and 2 there: is this directory really Music\?$/m)
  })

  it('goes on with --yes, into the path as it is seen from here', async () => {
    await using home = await opened(false)
    const ran = await home.run(['accept', 'Music', 'Pictures', '--yes'], { workingDirectory: '/tmp' })
    assert.deepEqual([ran.status, ran.stdout], [EXIT.ok, 'Music is kept in /tmp/Pictures.\n'])
    assert.match(ran.stderr, /same 120/)
    assert.deepEqual(home.accepted, [{ path: '/tmp/Pictures', confirm: true, waitMs: 0 }])
  })

  it('takes the directory that is proposed where none is named and nothing is in the way', async () => {
    await using home = await opened(true)
    const ran = await say(home, ['accept', 'Music'])
    assert.deepEqual([ran.status, ran.stdout], [EXIT.ok, 'Music is kept in /home/ada/Music.\n'])
    assert.match(ran.stderr, /2 files are on their way/)
  })

  it('asks on a terminal, and changes nothing on a no', async () => {
    await using home = await opened(false)
    const inside = runInside(home, ['accept', 'Music'], { isTty: true })
    await inside.sees('stderr', /Keep Music in \/home\/ada\/Music, where there are files already\?/)
    inside.type('\r')
    const { status, stderr } = await inside.ended
    assert.equal(status, EXIT.refused)
    assert.match(stderr, /Nothing was changed/)
    assert.deepEqual(home.accepted, [])
  })

  it('asks on a terminal, and goes on on a yes', async () => {
    await using home = await opened(false)
    const inside = runInside(home, ['accept', 'Music'], { isTty: true })
    await inside.sees('stderr', /files already\?/)
    inside.type('y')
    assert.equal((await inside.ended).status, EXIT.ok)
    assert.equal(home.accepted.length, 1)
  })

  it('proposes a directory on a terminal where none is named', async () => {
    await using home = await opened(true)
    const inside = runInside(home, ['accept', 'Music'], { isTty: true })
    await inside.sees('stderr', /Keep Music in \/home\/ada\/Music\?/)
    inside.type('\r')
    assert.equal((await inside.ended).status, EXIT.ok)
  })

  it('changes nothing when a question is answered by Ctrl-C', async () => {
    await using home = await opened(false)
    const inside = runInside(home, ['accept', 'Music'], { isTty: true })
    await inside.sees('stderr', /files already\?/)
    inside.type('\u0003')
    assert.equal((await inside.ended).status, EXIT.interrupted)
    assert.deepEqual(home.accepted, [])
  })
})

describe('holt add', () => {
  it('shares a directory, and says what to run on the other devices', async () => {
    await using home = await opened(true)
    const ran = await home.run(['add', '/srv/My Photos', '--name', 'Fotos & Co'])
    assert.deepEqual([ran.status, ran.stdout], [EXIT.ok, 'Fotos & Co is shared with the group, from /srv/My Photos.\n'])
    assert.match(ran.stderr, /holt accept 'Fotos & Co'\n$/)
    assert.deepEqual(home.added, [{ path: '/srv/My Photos', name: 'Fotos & Co', ifOffered: 'refuse', confirm: false }])
  })

  it('refuses where the group offers that name and nobody can be asked, and names both ways on', async () => {
    await using home = await opened(true)
    const ran = await home.run(['add', '/home/ada/Music'])
    assert.equal(ran.status, EXIT.refused)
    assert.match(ran.stderr, /holt add \/home\/ada\/Music --join\. .*holt add \/home\/ada\/Music --new\n$/)
  })

  it('joins with --join, after the counts and a yes', async () => {
    await using home = await opened(false)
    const refused = await say(home, ['add', '/home/ada/Music', '--join'])
    assert.equal(refused.status, EXIT.refused)
    assert.match(refused.stderr, /same 120, only here 3/)
    const ran = await say(home, ['add', '/home/ada/Music', '--join', '-y'])
    assert.deepEqual([ran.status, ran.stdout], [EXIT.ok, 'Music is kept in /home/ada/Music.\n'])
    assert.deepEqual(home.added.at(-1), { path: '/home/ada/Music', ifOffered: 'join', confirm: true })
  })

  it('makes another with --new', async () => {
    await using home = await opened(true)
    const ran = await say(home, ['add', '/home/ada/Music', '--new'])
    assert.equal(ran.status, EXIT.ok)
    assert.equal(home.added.at(-1)?.ifOffered, 'new')
  })

  it('asks on a terminal which is meant', async () => {
    await using home = await opened(true)
    const inside = runInside(home, ['add', '/home/ada/Music'], { isTty: true })
    await inside.sees('stderr', /The group already offers a folder called Music[^]*Another folder/)
    inside.type('\u001b[B')
    inside.type('\r')
    assert.equal((await inside.ended).status, EXIT.ok)
    assert.equal(home.added.at(-1)?.ifOffered, 'new')
  })

  it('refuses two answers to one question', async () => {
    await using home = await opened(true)
    assert.equal((await say(home, ['add', '/x', '--join', '--new'])).status, EXIT.usage)
    assert.deepEqual(home.added, [])
  })
})

describe('--wait', () => {
  const down = { filesDone: 1, filesTotal: 4, bytesDone: 25, bytesTotal: 100, rate: 5, etaMs: 15_000 }
  const SYNCING: Partial<Folder> = { state: { kind: 'syncing', missing: amount(3, 75) }, down }
  const through = (...states: Partial<Folder>[]): Partial<FakeService> => {
    let count = 0
    return {
      folder: async () =>
        buildFolder({ id: PHOTOS, name: 'Music', root: '/m', ...states[Math.min(count++, states.length - 1)] }),
    }
  }
  const IN_SYNC: FolderState = { kind: 'in-sync' }

  it('tells how far it is in plain lines, until the folder is in sync', async () => {
    await using home = await opened(true, through(SYNCING, { state: IN_SYNC, held: amount(4, 100), conflicts: 1 }))
    const ran = await say(home, ['accept', 'Music', '/m', '--wait'])
    assert.equal(ran.status, EXIT.ok)
    assert.match(ran.stderr, /Music: 3 files, 75 B missing, 25 %, 5 B\/s, 15 s left\n/)
    assert.match(ran.stdout, /Music is in sync: 4 files, 100 B\. 1 conflict: holt conflicts Music\n$/)
  })

  it('draws a bar on a terminal', async () => {
    await using home = await opened(true, through(SYNCING, SYNCING, { state: IN_SYNC }))
    const ran = await runInside(home, ['accept', 'Music', '/m', '--wait'], { isTty: true }).ended
    assert.match(ran.stderr, /Music \[=+-+\] 25 % {2}25 B of 100 B {2}5 B\/s, 15 s left/)
  })

  it('ends with 6 when the folder halts, and names the commands', async () => {
    const halt: Halt = {
      ...{
        reason: 'no-space',
        detail: 'The disk is full.',
        commands: ['holt approve Music'],
        deletes: null,
        sinceMs: 0,
      },
    }
    await using home = await opened(true, through({ state: { kind: 'halted', halt } }))
    const ran = await say(home, ['accept', 'Music', '/m', '--wait'])
    assert.equal(ran.status, EXIT.needsAttention)
    assert.match(ran.stdout, /Music has halted\.\n +The disk is full\.\n +→ holt approve Music\n/)
  })
})
