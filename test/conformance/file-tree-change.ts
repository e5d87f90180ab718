/** The part of the suite of `FileTree` that changes the folder. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Fingerprint, TreeChange } from '../../daemon/ports.ts'
import { LABEL, MTIME_MS, bytesOf, hashOf, path } from './file-tree-bench.ts'
import type { TreeBench } from './file-tree-bench.ts'

type Bench = () => TreeBench

const gone = 'a look that nothing has' as Fingerprint

export function describePlacing(bench: Bench): void {
  describe('placing a file', () => {
    it('puts the bytes, the time and the executable bit where nothing was', async () => {
      const { hands, tree } = bench()
      const change = { ...(await bench().placing('a.txt', 'new')), executable: true }
      assert.deepEqual(await bench().change(change), [{ kind: 'done', fingerprint: await bench().look('a.txt') }])
      assert.equal(hands.read('a.txt'), 'new')
      assert.equal(hands.mtimeMs('a.txt'), MTIME_MS)
      assert.equal(hands.isExecutable('a.txt'), tree.traits.executableBit)
    })

    it('takes the blob out of the store', async () => {
      await bench().change(await bench().placing('a.txt', 'new'))
      assert.equal(await bench().store.stat(hashOf(bytesOf('new'))), undefined)
      assert.deepEqual(bench().hands.names('.holt/incoming'), [])
    })

    it('keeps any millisecond of the time', async () => {
      for (const mtimeMs of [0, 1, 999, MTIME_MS + 1, MTIME_MS + 4, MTIME_MS + 123, MTIME_MS + 999, 2 ** 42 + 1]) {
        await bench().change({ ...(await bench().placing(`at-${mtimeMs}`, String(mtimeMs))), mtimeMs })
        assert.equal(bench().hands.mtimeMs(`at-${mtimeMs}`), mtimeMs)
      }
    })

    it('keeps what it replaces as a version', async () => {
      const { hands } = bench()
      hands.write('a.txt', 'old')
      const change = await bench().placing('a.txt', 'new', await bench().look('a.txt'))
      assert.deepEqual(await bench().kinds(change), ['done'])
      assert.equal(hands.read('a.txt'), 'new')
      assert.ok(change.keepAs)
      assert.equal(await bench().versionText(change.keepAs), 'old')
    })

    it('replaces a symbolic link, and not what it points to', async () => {
      const { hands } = bench()
      hands.write('target', 'pointed to')
      hands.symlink('link', 'target')
      const change = await bench().placing('link', 'new', await bench().look('link'))
      assert.deepEqual(await bench().kinds(change), ['done'])
      assert.deepEqual([hands.read('link'), hands.target('link')], ['new', undefined])
      assert.equal(hands.read('target'), 'pointed to')
    })

    it('changes nothing where something is that was not expected', async () => {
      const { hands } = bench()
      hands.write('a.txt', 'mine')
      assert.deepEqual(await bench().kinds(await bench().placing('a.txt', 'new')), ['changed'])
      assert.equal(hands.read('a.txt'), 'mine')
      assert.ok(await bench().store.stat(hashOf(bytesOf('new'))))
    })

    it('changes nothing where the file was edited since', async () => {
      const { hands } = bench()
      hands.write('a.txt', 'old', { mtimeMs: 5_000 })
      const change = await bench().placing('a.txt', 'new', await bench().look('a.txt'))
      hands.write('a.txt', 'my edit')
      assert.deepEqual(await bench().kinds(change), ['changed'])
      assert.equal(hands.read('a.txt'), 'my edit')
      assert.deepEqual(await bench().versions(), [])
    })

    it('changes nothing where the file is gone', async () => {
      assert.deepEqual(await bench().kinds(await bench().placing('a.txt', 'new', gone)), ['changed'])
      assert.equal(bench().hands.read('a.txt'), undefined)
    })

    it('changes nothing where a directory is', async () => {
      bench().hands.makeDirectory('a')
      assert.deepEqual(await bench().kinds(await bench().placing('a', 'new')), ['changed'])
      assert.ok(bench().hands.isDirectory('a'))
    })

    it('does not write through a symbolic link among the directories', async () => {
      const { hands } = bench()
      hands.makeDirectory('real')
      hands.symlink('dir', 'real')
      assert.deepEqual(await bench().kinds(await bench().placing('dir/a.txt', 'new')), ['changed'])
      assert.deepEqual(hands.names('real'), [])
    })

    it('puts the old file back when the blob is not there', async () => {
      const { hands } = bench()
      hands.write('a.txt', 'old')
      const change = await bench().placing('a.txt', 'new', await bench().look('a.txt'))
      await bench().store.delete(hashOf(bytesOf('new')))
      assert.deepEqual(await bench().kinds(change), ['changed'])
      assert.equal(hands.read('a.txt'), 'old')
    })
  })

  describe('placing a symbolic link', () => {
    const linking = (at: string, expect: Fingerprint | null = null): TreeChange => {
      const keepAs = expect === null ? null : bench().versionName(at)
      return { kind: 'symlink', path: path(at), target: '../away', mtimeMs: MTIME_MS, expect, keepAs }
    }

    it('makes it with its target and its own time', async () => {
      const [outcome] = await bench().change(linking('link'))
      assert.deepEqual(outcome, { kind: 'done', fingerprint: await bench().look('link') })
      assert.equal(bench().hands.target('link'), '../away')
      const entry = await bench().find('link')
      assert.equal(entry?.kind === 'symlink' && entry.mtimeMs, MTIME_MS)
    })

    it('keeps the file that it replaces', async () => {
      bench().hands.write('a', 'old')
      assert.deepEqual(await bench().kinds(linking('a', await bench().look('a'))), ['done'])
      assert.equal(bench().hands.target('a'), '../away')
      const [version] = await bench().versions()
      assert.equal(version && (await bench().versionText(version.name)), 'old')
    })

    it('changes nothing where something is that was not expected', async () => {
      bench().hands.write('a', 'mine')
      assert.deepEqual(await bench().kinds(linking('a')), ['changed'])
      assert.equal(bench().hands.read('a'), 'mine')
    })
  })
}

export function describeTouching(bench: Bench): void {
  describe('touching a file', () => {
    const touching = async (at: string): Promise<TreeChange & { kind: 'touch' }> => {
      const expect = await bench().look(at)
      return { kind: 'touch', path: path(at), mtimeMs: MTIME_MS + 1, executable: true, expect }
    }

    it('sets the time and the executable bit, and leaves the bytes and the file', async () => {
      const { hands, tree } = bench()
      hands.write('a', 'bytes')
      const before = await tree.identify(path('a'))
      assert.deepEqual(await bench().change(await touching('a')), [
        { kind: 'done', fingerprint: await bench().look('a') },
      ])
      assert.deepEqual([hands.read('a'), hands.mtimeMs('a')], ['bytes', MTIME_MS + 1])
      assert.equal(hands.isExecutable('a'), tree.traits.executableBit)
      assert.equal(await tree.identify(path('a')), before)
    })

    it('takes the executable bit away', async () => {
      bench().hands.write('a', 'bytes', { executable: true })
      await bench().change({ ...(await touching('a')), executable: false })
      assert.equal(bench().hands.isExecutable('a'), false)
    })

    it('leaves a file that was edited since', async () => {
      bench().hands.write('a', 'bytes', { mtimeMs: 5_000 })
      const change = await touching('a')
      bench().hands.write('a', 'my edit', { mtimeMs: 7_000 })
      assert.deepEqual(await bench().kinds(change), ['changed'])
      assert.equal(bench().hands.mtimeMs('a'), 7_000)
    })
  })
}

export function describeMoves(bench: Bench): void {
  const renaming = async (from: string, to: string, mtimeMs = MTIME_MS): Promise<TreeChange> => ({
    kind: 'rename',
    from: path(from),
    path: path(to),
    mtimeMs,
    executable: false,
    expect: await bench().look(from),
  })

  describe('renaming a file', () => {
    it('moves it with its identity, and sets its time', async () => {
      const { hands, tree } = bench()
      hands.write('from', 'bytes')
      hands.makeDirectory('dir')
      const before = await tree.identify(path('from'))
      const [outcome] = await bench().change(await renaming('from', 'dir/to'))
      assert.deepEqual(outcome, { kind: 'done', fingerprint: await bench().look('dir/to') })
      assert.deepEqual([hands.read('from'), hands.read('dir/to')], [undefined, 'bytes'])
      assert.equal(hands.mtimeMs('dir/to'), MTIME_MS)
      assert.equal(await tree.identify(path('dir/to')), before)
    })

    it('never replaces what is there', async () => {
      const { hands } = bench()
      hands.write('from', 'bytes')
      hands.write('to', 'mine')
      assert.deepEqual(await bench().kinds(await renaming('from', 'to')), ['changed'])
      assert.deepEqual([hands.read('from'), hands.read('to')], ['bytes', 'mine'])
    })

    it('leaves a file that was edited since', async () => {
      const { hands } = bench()
      hands.write('from', 'bytes', { mtimeMs: 5_000 })
      const change = await renaming('from', 'to')
      hands.write('from', 'my edit')
      assert.deepEqual(await bench().kinds(change), ['changed'])
      assert.deepEqual([hands.read('from'), hands.read('to')], ['my edit', undefined])
    })
  })

  describe('removing a file', () => {
    const removing = async (at: string): Promise<TreeChange> => {
      return { kind: 'remove', path: path(at), expect: await bench().look(at), keepAs: bench().versionName(at) }
    }

    it('moves it to the versions', async () => {
      bench().hands.write('a', 'old')
      assert.deepEqual(await bench().change(await removing('a')), [{ kind: 'done', fingerprint: null }])
      assert.equal(bench().hands.read('a'), undefined)
      const [version] = await bench().versions()
      assert.equal(version && (await bench().versionText(version.name)), 'old')
    })

    it('leaves a file that was edited since', async () => {
      bench().hands.write('a', 'old', { mtimeMs: 5_000 })
      const change = await removing('a')
      bench().hands.write('a', 'my edit')
      assert.deepEqual(await bench().kinds(change), ['changed'])
      assert.equal(bench().hands.read('a'), 'my edit')
      assert.deepEqual(await bench().versions(), [])
    })

    it('says so when it is gone already', async () => {
      bench().hands.write('a', 'old')
      const change = await removing('a')
      bench().hands.remove('a')
      assert.deepEqual(await bench().kinds(change), ['changed'])
    })
  })
}

export function describeDirectories(bench: Bench): void {
  const make = (at: string): TreeChange => ({ kind: 'make-directory', path: path(at) })
  const remove = (at: string): TreeChange => ({ kind: 'remove-directory', path: path(at) })

  describe('making a directory', () => {
    it('makes it, and is content when it is there', async () => {
      assert.deepEqual(await bench().kinds(make('dir'), make('dir')), ['done', 'done'])
      assert.ok(bench().hands.isDirectory('dir'))
      assert.deepEqual(await bench().change(make('dir')), [{ kind: 'done', fingerprint: await bench().look('dir') }])
    })

    it('changes nothing where a file is', async () => {
      bench().hands.write('dir', 'mine')
      assert.deepEqual(await bench().kinds(make('dir')), ['changed'])
      assert.equal(bench().hands.read('dir'), 'mine')
    })
  })

  describe('removing a directory', () => {
    it('removes an empty one, and is content when none is there', async () => {
      bench().hands.makeDirectory('dir')
      const done = { kind: 'done', fingerprint: null }
      assert.deepEqual(await bench().change(remove('dir'), remove('dir'), remove('far/away')), [done, done, done])
      assert.equal(bench().hands.isDirectory('dir'), false)
    })

    it('leaves one that has something in it', async () => {
      bench().hands.write('dir/a', 'mine')
      assert.deepEqual(await bench().kinds(remove('dir')), ['not-empty'])
      assert.equal(bench().hands.read('dir/a'), 'mine')
    })

    it('leaves a file of that name', async () => {
      bench().hands.write('dir', 'mine')
      assert.deepEqual(await bench().kinds(remove('dir')), ['changed'])
      assert.equal(bench().hands.read('dir'), 'mine')
    })
  })
}

export function describeOrder(bench: Bench): void {
  describe('a batch', () => {
    it('applies its changes in order, each on what those before it left', async () => {
      const { hands } = bench()
      hands.write('swap', 'was a file')
      hands.write('tree/leaf', 'was in a tree')
      const expect = await bench().look('swap')
      const leaf = await bench().look('tree/leaf')
      const kinds = await bench().kinds(
        { kind: 'remove', path: path('swap'), expect, keepAs: bench().versionName('swap') },
        { kind: 'make-directory', path: path('swap') },
        await bench().placing('swap/inside', 'in a directory now'),
        { kind: 'remove', path: path('tree/leaf'), expect: leaf, keepAs: bench().versionName('leaf') },
        { kind: 'remove-directory', path: path('tree') },
        await bench().placing('tree', 'a file now'),
      )
      assert.deepEqual(kinds, ['done', 'done', 'done', 'done', 'done', 'done'])
      assert.deepEqual([hands.read('swap/inside'), hands.read('tree')], ['in a directory now', 'a file now'])
    })

    it('puts a file into a directory that it has just removed and made again', async () => {
      bench().hands.write('dir/first', 'first')
      const kinds = await bench().kinds(
        {
          kind: 'remove',
          path: path('dir/first'),
          expect: await bench().look('dir/first'),
          keepAs: bench().versionName('first'),
        },
        { kind: 'remove-directory', path: path('dir') },
        { kind: 'make-directory', path: path('dir') },
        await bench().placing('dir/second', 'second'),
      )
      assert.deepEqual(kinds, ['done', 'done', 'done', 'done'])
      assert.equal(bench().hands.read('dir/second'), 'second')
    })

    it('goes on after a change that found something else', async () => {
      bench().hands.write('b', 'mine')
      const [a, b, c] = [
        await bench().placing('a', '1'),
        await bench().placing('b', '2'),
        await bench().placing('c', '3'),
      ]
      assert.deepEqual(await bench().kinds(a, b, c), ['done', 'changed', 'done'])
    })

    it('takes many at once, and keeps the outcomes in order', async () => {
      const names = Array.from({ length: 100 }, (_, i) => `f${i}`)
      for (const name of names.filter((_, i) => i % 7 === 0)) bench().hands.write(name, 'mine')
      const batch = await Promise.all(names.map((name) => bench().placing(name, `new ${name}`)))
      const kinds = await bench().kinds(...batch)
      assert.deepEqual(
        kinds,
        names.map((_, i) => (i % 7 === 0 ? 'changed' : 'done')),
      )
      for (const [i, name] of names.entries()) {
        assert.equal(bench().hands.read(name), i % 7 === 0 ? 'mine' : `new ${name}`)
      }
    })

    it('does nothing when it is aborted before it begins', async () => {
      const reason = new Error('enough')
      const batch = [await bench().placing('a', 'new')]
      const aborted = bench().tree.change(batch, LABEL, { signal: AbortSignal.abort(reason) })
      await assert.rejects(aborted, reason)
      assert.equal(bench().hands.read('a'), undefined)
    })
  })
}
