/** What only a real disk shows of changes: permissions, links, races of directories, names, and what is synced. */

import { byHand, caseless, onCalls } from './disk-calls.ts'
import type { Call } from './disk-calls.ts'
import assert from 'node:assert/strict'
import { chmodSync, linkSync, mkdirSync, readdirSync, realpathSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Fingerprint, TreeChange } from '../../daemon/ports.ts'
import { changeTree } from '../../daemon/disk/change.ts'
import { LABEL, MTIME_MS, TreeBench, bytesOf, hashOf, path, signal } from '../conformance/file-tree-bench.ts'
import { threadsHere } from '../threads-here.ts'
import { openRealTree } from './real-tree.ts'
import type { RealTree } from './real-tree.ts'

const current: { opened?: RealTree } = {}
const opened = (): RealTree => current.opened ?? assert.fail()
const bench = (): TreeBench => new TreeBench(opened())
const at = (name: string): string => join(opened().root, name)

beforeEach(async () => void (current.opened = await openRealTree({ threads: threadsHere })))
afterEach(() => opened()[Symbol.asyncDispose]())

describe('permissions of a placed file', () => {
  const modeOf = (name: string): number => statSync(at(name)).mode & 0o777
  /** Of a file that is just made. */
  const standard = (): number => {
    opened().hands.write('standard', '')
    return modeOf('standard')
  }

  it('are those that the user gives to new files', async () => {
    await bench().change(await bench().placing('a', 'new'))
    assert.equal(modeOf('a'), standard())
  })

  it('let whoever may read it run it, when it is executable', async () => {
    await bench().change({ ...(await bench().placing('a', 'new')), executable: true })
    assert.equal(modeOf('a'), standard() | ((standard() >> 2) & 0o111))
  })

  it('are those of the file that it replaces: what was private stays private', async () => {
    opened().hands.write('a', 'old')
    chmodSync(at('a'), 0o600)
    await bench().change(await bench().placing('a', 'new', await bench().look('a')))
    assert.equal(modeOf('a'), 0o600)
  })

  it('are left alone where the file system holds none', async () => {
    await using other = await openRealTree({ threads: threadsHere, traits: { executableBit: false } })
    const there = new TreeBench(other)
    await there.change({ ...(await there.placing('a', 'new')), executable: true })
    assert.equal(statSync(join(other.root, 'a')).mode & 0o777, standard())
  })
})

describe('directories on the way', () => {
  it('are made when a new file needs them', async () => {
    assert.deepEqual(await bench().kinds(await bench().placing('a/b/c', 'new')), ['done'])
    assert.equal(opened().hands.read('a/b/c'), 'new')
  })

  it('are not made for a file that is gone with them', async () => {
    opened().hands.write('a/b', 'old')
    const change = await bench().placing('a/b', 'new', await bench().look('a/b'))
    opened().hands.remove('a')
    assert.deepEqual(await bench().kinds(change), ['changed'])
    assert.equal(opened().hands.isDirectory('a'), false)
  })

  it('never lead out of the folder, though one becomes a link at any call', async () => {
    for (let n = 1; ; n++) {
      await using tree = await openRealTree({ threads: threadsHere })
      await using outside = await openRealTree({ threads: threadsHere })
      outside.hands.makeDirectory('dir')
      if (!(await swapAt(n, tree, join(outside.root, 'dir')))) {
        assert.ok(n > 15, `only ${n} calls`)
        return
      }
      assert.deepEqual(outside.hands.names('dir'), [], `call ${n}`)
    }
  })

  it('stay within what the system lets a process open', async () => {
    const batch = await Promise.all(Array.from({ length: 900 }, (_, i) => bench().placing(`d${i}/f`, String(i))))
    let openMost = 0
    using _calls = onCalls(() => {
      openMost = Math.max(
        openMost,
        byHand(() => readdirSync('/proc/self/fd').length),
      )
      return 'done'
    })
    assert.ok((await bench().kinds(...batch)).every((kind) => kind === 'done'))
    assert.ok(openMost < 600, `${openMost} files were open`)
  })

  it('leave nothing open', async () => {
    const before = readdirSync('/proc/self/fd').length
    for (let i = 0; i < 3; i++) await bench().change(await bench().placing(`d/e${i}/f`, String(i)))
    assert.equal(readdirSync('/proc/self/fd').length, before)
  })
})

/** At the n-th call somebody puts a link to the outside in the place of `dir`; false when there are fewer calls. */
async function swapAt(n: number, tree: RealTree, outside: string): Promise<boolean> {
  const it = new TreeBench(tree)
  tree.hands.write('dir/old', 'old')
  const batch = [await it.placing('dir/new', 'new'), await it.placing('dir/old', 'newer', await it.look('dir/old'))]
  using calls = onCalls(({ no }) => {
    if (no === n) {
      byHand(() => {
        tree.hands.rename('dir', 'moved')
        symlinkSync(outside, join(tree.root, 'dir'))
      })
    }
    return 'done'
  })
  await changeTree(tree.context, threadsHere, batch, LABEL, { signal })
  return calls.calls >= n
}

describe('a file system without hard links', () => {
  const withoutLinks = (): Disposable => onCalls(({ name }) => (name === 'link' ? { fails: 'EPERM' } : 'done'))

  it('takes new files, replaces files and renames them', async () => {
    const { hands } = opened()
    hands.write('over', 'old')
    hands.write('from', 'bytes', { mtimeMs: MTIME_MS })
    const [fresh, over] = [
      await bench().placing('fresh', 'new'),
      await bench().placing('over', 'newer', await bench().look('over')),
    ]
    const rename: TreeChange = {
      kind: 'rename',
      from: path('from'),
      path: path('to'),
      mtimeMs: MTIME_MS,
      executable: false,
      expect: await bench().look('from'),
    }
    {
      using _calls = withoutLinks()
      assert.deepEqual(await bench().kinds(fresh, over, rename), ['done', 'done', 'done'])
    }
    assert.deepEqual([hands.read('fresh'), hands.read('over'), hands.read('to')], ['new', 'newer', 'bytes'])
    assert.equal(hands.read('from'), undefined)
    assert.equal(await bench().store.stat(hashOf(bytesOf('new'))), undefined)
  })

  it('never replaces what is there', async () => {
    const fresh = await bench().placing('fresh', 'new')
    using _calls = onCalls(({ name }) => {
      if (name !== 'link') return 'done'
      byHand(() => {
        opened().hands.write('fresh', 'mine')
      })
      return { fails: 'EPERM' }
    })
    assert.deepEqual(await bench().kinds(fresh), ['changed'])
    assert.equal(opened().hands.read('fresh'), 'mine')
  })
})

describe('a symbolic link', () => {
  it('is renamed with its target', async () => {
    opened().hands.symlink('from', 'nowhere')
    const expect = await bench().look('from')
    const change: TreeChange = {
      kind: 'rename',
      from: path('from'),
      path: path('to'),
      mtimeMs: 0,
      executable: false,
      expect,
    }
    assert.deepEqual(await bench().kinds(change), ['done'])
    assert.deepEqual([opened().hands.target('from'), opened().hands.target('to')], [undefined, 'nowhere'])
  })

  it('is touched itself, and not what it points to', async () => {
    opened().hands.write('target', 'bytes', { mtimeMs: 5_000 })
    opened().hands.symlink('link', 'target')
    const expect = await bench().look('link')
    const change: TreeChange = { kind: 'touch', path: path('link'), mtimeMs: MTIME_MS, executable: false, expect }
    assert.deepEqual(await bench().change(change), [{ kind: 'done', fingerprint: await bench().look('link') }])
    assert.deepEqual([opened().hands.mtimeMs('link'), opened().hands.mtimeMs('target')], [MTIME_MS, 5_000])
  })
})

describe('what fails', () => {
  const CASES = [
    ['ENOSPC', 'no-space'],
    ['EDQUOT', 'no-space'],
    ['EROFS', 'read-only'],
    ['EACCES', 'denied'],
    ['EINVAL', 'name-impossible'],
    ['ETXTBSY', 'locked'],
    ['EIO', 'io'],
  ] as const
  for (const [code, reason] of CASES) {
    it(`is ${reason} for ${code}, and the file is as it was`, async () => {
      opened().hands.write('a', 'old')
      const change = await bench().placing('a', 'new', await bench().look('a'))
      {
        using _calls = onCalls(({ name, paths }) => (name === 'link' && isNew(paths) ? { fails: code } : 'done'))
        assert.deepEqual(await bench().kinds(change), [reason])
      }
      assert.equal(opened().hands.read('a'), 'old')
      assert.deepEqual(await bench().versions(), [])
    })
  }

  it('is a name that is too long for the disk', async () => {
    await using other = await openRealTree({ threads: threadsHere })
    const there = new TreeBench(other)
    using _calls = onCalls(({ name }) => (name === 'link' ? { fails: 'ENAMETOOLONG' } : 'done'))
    assert.deepEqual(await there.kinds(await there.placing('a', 'new')), ['name-impossible'])
  })

  it('is a directory that another volume is mounted on', async () => {
    opened().hands.makeDirectory('dir')
    using _calls = onCalls(({ name }) => (name === 'rmdir' ? { fails: 'EBUSY' } : 'done'))
    assert.deepEqual(await bench().kinds({ kind: 'remove-directory', path: path('dir') }), ['locked'])
  })
})

/** Holds the process up, as a call of a slow disk does. */
function waitMs(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** Whether a link is from the store to its place. */
function isNew(paths: Call['paths']): boolean {
  return paths.some((each) => /[0-9a-f]{64}$/.test(each))
}

describe('a disk that does not tell cases apart', () => {
  /** An emulation: whether the real ones rename in such a case differs. */
  const openCaseless = (): Promise<RealTree> => openRealTree({ threads: threadsHere, traits: { caseSensitive: false } })

  it('renames a file to the same name in other letters', async () => {
    await using tree = await openCaseless()
    const there = new TreeBench(tree)
    tree.hands.write('photo', 'bytes', { mtimeMs: MTIME_MS })
    const expect = await there.look('photo')
    const rest = { mtimeMs: MTIME_MS, executable: false, expect }
    using _caseless = caseless()
    assert.deepEqual(await there.kinds({ kind: 'rename', from: path('photo'), path: path('Photo'), ...rest }), ['done'])
    assert.deepEqual(tree.hands.names('.'), ['.holt', 'Photo'])
  })

  it('takes no new file where one is in other letters', async () => {
    await using tree = await openCaseless()
    const there = new TreeBench(tree)
    tree.hands.write('photo', 'mine')
    const changes = [
      await there.placing('Photo', 'new'),
      await there.placing('other', 'a'),
      await there.placing('OTHER', 'b'),
    ]
    using _caseless = caseless()
    assert.deepEqual(await there.kinds(...changes), ['changed', 'done', 'changed'])
    assert.deepEqual([tree.hands.read('photo'), tree.hands.read('other')], ['mine', 'a'])
  })
})

describe('an edit at the last moment', () => {
  const isMoveAway = ({ name, paths }: Call): boolean => name === 'rename' && paths[0]?.endsWith('/a') === true
  const edit = (): void => {
    opened().hands.write('a', 'my edit', { mtimeMs: 9_000 })
  }

  for (const kind of ['place', 'symlink', 'remove'] as const) {
    it(`stays where it is: the ${kind} has changed nothing`, async () => {
      opened().hands.write('a', 'old', { mtimeMs: 5_000 })
      const expect = await bench().look('a')
      const [keepAs, rest] = [bench().versionName('a'), { path: path('a'), expect, mtimeMs: 0 }]
      const changes: Record<typeof kind, TreeChange> = {
        place: await bench().placing('a', 'new', expect),
        symlink: { kind: 'symlink', target: 'b', keepAs, ...rest },
        remove: { kind: 'remove', path: path('a'), expect, keepAs },
      }
      {
        using _calls = onCalls((call) => {
          if (isMoveAway(call)) byHand(edit)
          return 'done'
        })
        assert.deepEqual(await bench().kinds(changes[kind]), ['changed'])
      }
      assert.equal(opened().hands.read('a'), 'my edit')
      assert.deepEqual(await bench().versions(), [])
    })

    it(`is not even moved when it was seen before the ${kind}`, async () => {
      opened().hands.write('a', 'old', { mtimeMs: 5_000 })
      const expect = await bench().look('a')
      edit()
      const keepAs = bench().versionName('a')
      const changes: Record<typeof kind, TreeChange> = {
        place: await bench().placing('a', 'new', expect),
        symlink: { kind: 'symlink', path: path('a'), target: 'b', mtimeMs: 0, keepAs, expect },
        remove: { kind: 'remove', path: path('a'), expect, keepAs },
      }
      let moves = 0
      using _calls = onCalls((call) => {
        if (isMoveAway(call)) moves += 1
        return 'done'
      })
      assert.deepEqual(await bench().kinds(changes[kind]), ['changed'])
      assert.equal(moves, 0)
    })
  }
})

describe('a batch', () => {
  it('syncs each directory that it changed once, and the log of versions', async () => {
    const { hands, root } = opened()
    for (const name of ['a/1', 'a/2', 'b/1']) hands.write(name, 'old')
    const batch: TreeChange[] = []
    for (const name of ['a/1', 'a/2', 'b/1'])
      batch.push(await bench().placing(name, `new ${name}`, await bench().look(name)))
    const synced: string[] = []
    using _calls = onCalls(({ name, fd }) => {
      if (name === 'fsync') synced.push(byHand(() => realpathSync(`/proc/self/fd/${fd}`)).slice(root.length))
      return 'done'
    })
    await bench().change(...batch)
    assert.deepEqual(synced.sort(), ['/.holt/incoming', '/.holt/versions', '/.holt/versions/log', '/a', '/b'])
  })

  it('lets other work have its turn', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `f${i}`)
    for (const name of names) opened().hands.write(name, 'old')
    const looks = new Map<string, Fingerprint>()
    for await (const { entries } of bench().tree.scan([''], { signal })) {
      for (const entry of entries) if (entry.kind === 'file') looks.set(entry.path, entry.fingerprint)
    }
    const batch = names.map((name): TreeChange => {
      const expect = looks.get(name) ?? assert.fail(name)
      return { kind: 'remove', path: path(name), expect, keepAs: bench().versionName(name) }
    })
    let turns = 0
    const turn = setInterval(() => (turns += 1), 0)
    using _calls = onCalls(({ name }) => {
      // As long as a disk may take.
      if (name === 'rename') waitMs(1)
      return 'done'
    })
    assert.ok((await bench().kinds(...batch)).every((kind) => kind === 'done'))
    clearInterval(turn)
    assert.ok(turns >= 10, `${turns} turns`)
  })

  it('rejects when it cannot be made durable', async () => {
    const change = await bench().placing('a', 'new')
    using _calls = onCalls(({ name }) => (name === 'fsync' ? { fails: 'EIO' } : 'done'))
    await assert.rejects(bench().change(change), { code: 'io' })
  })

  it('replaces no kept file', async () => {
    opened().hands.write('a', 'old')
    const change = await bench().placing('a', 'new', await bench().look('a'))
    opened().hands.write(`.holt/versions/${change.keepAs ?? ''}`, 'kept')
    assert.deepEqual(await bench().kinds(change), ['io'])
    assert.deepEqual(
      [opened().hands.read('a'), opened().hands.read(`.holt/versions/${change.keepAs ?? ''}`)],
      ['old', 'kept'],
    )
  })

  it('keeps a file whose name is as long as a name can be', async () => {
    const long = '写'.repeat(85)
    opened().hands.write(long, 'old')
    const change = await bench().placing(long, 'new', await bench().look(long))
    assert.deepEqual(await bench().kinds(change), ['done'])
    assert.ok(change.keepAs)
    assert.equal(await bench().versionText(change.keepAs), 'old')
    assert.deepEqual(
      (await bench().versions()).map(({ name, path: of }) => [name, of]),
      [[change.keepAs, long]],
    )
    await bench().tree.dropVersions(new Set([change.keepAs]))
    assert.deepEqual(opened().hands.names('.holt/versions'), ['log'])
  })

  it('leaves a file that has another name somewhere alone', async () => {
    opened().hands.write('a', 'old')
    mkdirSync(at('elsewhere'))
    linkSync(at('a'), at('elsewhere/same'))
    await bench().change(await bench().placing('a', 'new', await bench().look('a')))
    assert.equal(opened().hands.read('elsewhere/same'), 'old')
  })
})
