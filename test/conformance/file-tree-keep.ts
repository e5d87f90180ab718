/** The part of the suite of `FileTree` about kept versions, and about what a crash left. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FileIdentity, Fingerprint, Intent, VersionName } from '../../daemon/ports.ts'
import { MTIME_MS, TAKEN, bytesOf, collect, hasCode, hashOf, path, signal, textOf } from './file-tree-bench.ts'
import type { TreeBench } from './file-tree-bench.ts'

type Bench = () => TreeBench

export function describeVersions(bench: Bench): void {
  /** Replaces `hashed` and removes `other`. */
  const keepTwo = async (): Promise<readonly [VersionName, VersionName]> => {
    bench().hands.write('hashed', 'old')
    bench().hands.write('other', 'other old')
    const place = await bench().placing('hashed', 'new', await bench().look('hashed'))
    const keepAs = bench().versionName('other')
    const kinds = await bench().kinds(place, {
      kind: 'remove',
      path: path('other'),
      expect: await bench().look('other'),
      keepAs,
    })
    assert.deepEqual(kinds, ['done', 'done'])
    assert.ok(place.keepAs)
    return [place.keepAs, keepAs]
  }

  describe('kept versions', () => {
    it('are none in a new folder', async () => {
      assert.deepEqual(await bench().versions(), [])
    })

    it('are named with all that was known of them', async () => {
      const names = await keepTwo()
      const records = await bench().versions()
      assert.deepEqual(
        records.map(({ keptMs: _, ...record }) => record),
        [
          {
            path: 'hashed',
            name: names[0],
            hash: hashOf(bytesOf('old')),
            sizeBytes: 3,
            reason: 'because of hashed',
            batch: 'batch-1',
            isDirectory: false,
            taken: TAKEN,
          },
          {
            path: 'other',
            name: names[1],
            hash: null,
            sizeBytes: 9,
            reason: 'because of other',
            batch: 'batch-1',
            isDirectory: false,
            taken: null,
          },
        ],
      )
      for (const { keptMs } of records) assert.ok(Number.isSafeInteger(keptMs))
    })

    it('are told of where they were empty directories, and go like others', async () => {
      bench().hands.makeDirectory('empty')
      const noteAs = bench().versionName('empty')
      await bench().change({ kind: 'remove-directory', path: path('empty'), noteAs })
      const [record] = await bench().versions()
      assert.deepEqual([record?.path, record?.name, record?.isDirectory], ['empty', noteAs, true])
      assert.equal(await bench().tree.lookAtVersion(noteAs), undefined)
      await bench().tree.dropVersions(new Set([noteAs]))
      assert.deepEqual(await bench().versions(), [])
    })

    it('show what they are: a file with its time and its bit, or a link with its target', async () => {
      bench().hands.write('run', 'old', { mtimeMs: MTIME_MS, executable: true })
      bench().hands.symlink('link', 'run')
      const [file, link] = [bench().versionName('run'), bench().versionName('link')]
      await bench().change(
        { kind: 'remove', path: path('run'), expect: await bench().look('run'), keepAs: file },
        { kind: 'remove', path: path('link'), expect: await bench().look('link'), keepAs: link },
      )
      assert.deepEqual(await bench().tree.lookAtVersion(file), {
        ...{ kind: 'file', sizeBytes: 3, mtimeMs: MTIME_MS },
        executable: true,
      })
      const found = await bench().tree.lookAtVersion(link)
      assert.deepEqual(found?.kind === 'symlink' && found.target, 'run')
      assert.equal(await bench().tree.lookAtVersion('never-was' as VersionName), undefined)
    })

    it('have damaged lines counted that tell nothing', async () => {
      await keepTwo()
      assert.equal(await bench().tree.damagedVersionLines(), 0)
      const log = bench().hands.read('.holt/versions/log') ?? ''
      bench().hands.write('.holt/versions/log', `nonsense\n${log}{"path":"ha`)
      assert.equal(await bench().tree.damagedVersionLines(), 2)
    })

    it('are there for the next program', async () => {
      const [first] = await keepTwo()
      await using tree = await bench().opened.reopen()
      assert.equal((await collect(tree.versions())).length, 2)
      assert.equal(await textOf(tree.readVersion(first, { signal })), 'old')
    })

    it('are read again with the hash that their bytes have; those that are not there are left out', async () => {
      const [first, second] = await keepTwo()
      bench().hands.write(`.holt/versions/${second}`, 'other bad')
      const names = [first, 'never-was' as VersionName, second]
      const read = await collect(bench().tree.hashVersions(names, { signal }))
      assert.deepEqual(
        read.map(({ name, hash, sizeBytes }) => [name, hash, sizeBytes]).sort(),
        [
          [first, hashOf(bytesOf('old')), 3],
          [second, hashOf(bytesOf('other bad')), 9],
        ].sort(),
      )
    })

    it('go when they are dropped, and only those', async () => {
      const [first, second] = await keepTwo()
      await bench().tree.dropVersions(new Set([first]))
      assert.deepEqual(
        (await bench().versions()).map(({ name }) => name),
        [second],
      )
      await assert.rejects(bench().versionText(first), hasCode('missing'))
      assert.equal(await bench().versionText(second), 'other old')
    })

    it('are dropped in silence when they are gone already', async () => {
      const [first, second] = await keepTwo()
      await bench().tree.dropVersions(new Set([first]))
      await bench().tree.dropVersions(new Set([first, 'never-was' as VersionName]))
      assert.deepEqual(
        (await bench().versions()).map(({ name }) => name),
        [second],
      )
    })

    it('are missing where none of that name was kept', async () => {
      await assert.rejects(bench().versionText('never-was' as VersionName), hasCode('missing'))
    })

    it('stay when the log ends in half a line', async () => {
      const [first, second] = await keepTwo()
      const log = bench().hands.read('.holt/versions/log') ?? ''
      bench().hands.write('.holt/versions/log', `${log}{"path":"ha`)
      bench().hands.write('third', 'third old')
      const keepAs = bench().versionName('third')
      await bench().change({ kind: 'remove', path: path('third'), expect: await bench().look('third'), keepAs })
      assert.deepEqual(
        (await bench().versions()).map(({ name, batch }) => [name, batch]),
        [first, second, keepAs].map((name) => [name, 'batch-1']),
      )
    })
  })
}

export function describeRecovery(bench: Bench): void {
  const keepAs = 'b1-1~a' as VersionName

  /** As a crash leaves it when the old file has gone to the versions. */
  const keepOld = async (text: string): Promise<Fingerprint> => {
    bench().hands.write('a', text, { mtimeMs: 5_000 })
    const fingerprint = await bench().look('a')
    bench().hands.rename('a', `.holt/versions/${keepAs}`)
    return fingerprint
  }
  const recover = async (arriving: FileIdentity | null, replaced: Fingerprint | null): Promise<string> => {
    const of = replaced === null ? null : { fingerprint: replaced, keepAs }
    const intents: Intent[] = [{ path: path('a'), arriving, replaced: of }]
    const [first] = await bench().tree.recover(intents)
    const [second] = await bench().tree.recover(intents)
    assert.deepEqual(second, first, 'recovering twice says the same')
    assert.equal(first?.path, 'a')
    if (first.kind === 'arrived') assert.equal(first.fingerprint, await bench().look('a'))
    return first.kind
  }

  describe('recovering from a crash', () => {
    it('brings back what was kept where nothing has arrived', async () => {
      const { identity } = await bench().put('new')
      assert.equal(await recover(identity, await keepOld('old')), 'as-before')
      assert.equal(bench().hands.read('a'), 'old')
      assert.deepEqual(bench().hands.names('.holt/versions'), [])
    })

    it('leaves what has not been begun', async () => {
      const { identity } = await bench().put('new')
      bench().hands.write('a', 'old')
      assert.equal(await recover(identity, await bench().look('a')), 'as-before')
      assert.equal(bench().hands.read('a'), 'old')
      assert.ok(await bench().store.stat(hashOf(bytesOf('new'))))
    })

    it('knows a file that has arrived', async () => {
      const { identity } = await bench().put('new')
      const replaced = await keepOld('old')
      bench().hands.rename(`.holt/incoming/${hashOf(bytesOf('new'))}`, 'a')
      assert.equal(await recover(identity, replaced), 'arrived')
      assert.equal(bench().hands.read('a'), 'new')
      assert.deepEqual(bench().hands.names('.holt/versions'), [keepAs])
    })

    it('leaves what somebody has put there since', async () => {
      const { identity } = await bench().put('new')
      const replaced = await keepOld('old')
      bench().hands.write('a', 'mine')
      assert.equal(await recover(identity, replaced), 'other')
      assert.equal(bench().hands.read('a'), 'mine')
      assert.deepEqual(bench().hands.names('.holt/versions'), [keepAs])
    })

    it('finds nothing to do for a new path that nothing came to', async () => {
      const { identity } = await bench().put('new')
      assert.equal(await recover(identity, null), 'as-before')
      assert.equal(bench().hands.read('a'), undefined)
    })
  })
}
