/** The part of the suite of `FileTree` that looks at the folder. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CHUNK_BYTES, HASH_BYTES } from '../../protocol/limits.ts'
import type { DirPath } from '../../protocol/path.ts'
import type { DirectoryListing, Fingerprint, HashResult, WatchHint } from '../../daemon/ports.ts'
import { collect, MTIME_MS, bytesOf, crypto, hasCode, hashOf, path, signal, textOf } from './file-tree-bench.ts'
import type { TreeBench } from './file-tree-bench.ts'

type Bench = () => TreeBench

export function describeRoot(bench: Bench): void {
  describe('the root', () => {
    it('is as it should be, with some space', async () => {
      assert.equal(await bench().tree.check(), 'ok')
      assert.ok((await bench().tree.freeBytes()) > 0)
      assert.ok(bench().tree.traits.volumeBytes > 0)
    })

    it('is unmarked when its marker is gone', async () => {
      bench().hands.unmark()
      assert.equal(await bench().tree.check(), 'unmarked')
    })
  })
}

export function describeScanning(bench: Bench): void {
  const scan = async (...directories: DirPath[]): Promise<Map<string, DirectoryListing>> => {
    const listings = await collect(bench().tree.scan(directories, { signal }))
    assert.equal(listings.length, directories.length)
    return new Map(listings.map((listing) => [listing.directory, listing]))
  }

  describe('scanning', () => {
    it('lists files, directories and links, sorted, without what belongs to Holt', async () => {
      const { hands, tree } = bench()
      hands.write('b.txt', 'four', { mtimeMs: MTIME_MS + 7, executable: true })
      hands.makeDirectory('dir')
      hands.symlink('a-link', 'b.txt')
      const listing = (await scan('')).get('')
      assert.equal(listing?.state, 'listed')
      assert.deepEqual(
        listing.entries.map((entry) => [entry.kind, entry.path]),
        [
          ['symlink', 'a-link'],
          ['file', 'b.txt'],
          ['directory', 'dir'],
        ],
      )
      const [link, file] = listing.entries
      assert.equal(link?.kind === 'symlink' && link.target, 'b.txt')
      assert.ok(file?.kind === 'file')
      assert.deepEqual([file.sizeBytes, file.mtimeMs], [4, MTIME_MS + 7])
      assert.equal(file.executable, tree.traits.executableBit)
    })

    it('keeps a byte order mark: it is part of a name and of the target of a link', async () => {
      bench().hands.write('\ufeffnote', 'x')
      bench().hands.write('note', 'y')
      bench().hands.symlink('a-link', '\ufeffnote')
      const listing = (await scan('')).get('')
      assert.equal(listing?.state, 'listed')
      assert.deepEqual(listing.entries.map((entry) => String(entry.path)).sort(), ['a-link', 'note', '\ufeffnote'])
      const link = listing.entries.find((entry) => entry.kind === 'symlink')
      assert.equal(link?.target, '\ufeffnote')
    })

    it('lists exactly the directories that are asked for', async () => {
      bench().hands.write('dir/sub/deep', 'x')
      bench().hands.write('dir/file', 'x')
      const listings = await scan(path('dir'), path('dir/sub'))
      assert.deepEqual(
        listings.get('dir')?.entries.map((entry) => entry.path),
        ['dir/file', 'dir/sub'],
      )
      assert.deepEqual(
        listings.get('dir/sub')?.entries.map((entry) => entry.path),
        ['dir/sub/deep'],
      )
    })

    it('says that a directory is absent: gone, or a file, or behind a link', async () => {
      bench().hands.write('file', 'x')
      bench().hands.makeDirectory('real')
      bench().hands.symlink('link', 'real')
      const listings = await scan(path('gone'), path('file'), path('link'))
      assert.deepEqual(
        [...listings.values()].map(({ state }) => state),
        ['absent', 'absent', 'absent'],
      )
    })

    it('shows another look after an edit, and the same one without', async () => {
      bench().hands.write('a', 'one', { mtimeMs: 5_000 })
      const before = await bench().look('a')
      assert.equal(await bench().look('a'), before)
      bench().hands.write('a', 'two', { mtimeMs: 6_000 })
      assert.notEqual(await bench().look('a'), before)
    })

    it('finds a name that is decomposed on the disk under its path', async () => {
      const decomposed = 'café'.normalize('NFD')
      bench().hands.write(decomposed, 'coffee')
      const entry = await bench().find('café'.normalize('NFC'))
      assert.ok(entry?.kind === 'file')
      const pieces = bench().tree.read(entry.path, { signal, expect: entry.fingerprint })
      assert.equal(await textOf(pieces), 'coffee')
      const keepAs = bench().versionName('cafe')
      assert.deepEqual(await bench().kinds({ kind: 'remove', path: entry.path, expect: entry.fingerprint, keepAs }), [
        'done',
      ])
      assert.equal(bench().hands.read(decomposed), undefined)
    })
  })
}

export function describeHashing(bench: Bench): void {
  const hash = (requests: { path: string; fingerprint: Fingerprint }[]): Promise<HashResult[]> =>
    collect(
      bench().tree.hash(
        requests.map(({ path: at, fingerprint }) => ({ path: path(at), fingerprint })),
        { signal },
      ),
    )

  describe('hashing', () => {
    it('tells the hash of a small file, without chunks', async () => {
      bench().hands.write('a', 'bytes')
      const fingerprint = await bench().look('a')
      const [result] = await hash([{ path: 'a', fingerprint }])
      const expected = {
        kind: 'hashed',
        path: 'a',
        fingerprint,
        hash: hashOf(bytesOf('bytes')),
        sizeBytes: 5,
        chunks: null,
      }
      assert.deepEqual(result, expected)
    })

    it('tells the chunks of a large file', async () => {
      const text = 'x'.repeat(CHUNK_BYTES + 1)
      bench().hands.write('large', text)
      const [result] = await hash([{ path: 'large', fingerprint: await bench().look('large') }])
      assert.ok(result?.kind === 'hashed')
      assert.equal(result.hash, hashOf(bytesOf(text)))
      const hashes = Buffer.concat([crypto.blake3(bytesOf('x'.repeat(CHUNK_BYTES))), crypto.blake3(bytesOf('x'))])
      assert.equal(result.chunks?.hashes.length, 2 * HASH_BYTES)
      assert.deepEqual(Buffer.from(result.chunks.hashes), hashes)
    })

    it('says that a file has changed: edited, or gone', async () => {
      bench().hands.write('edited', 'one', { mtimeMs: 5_000 })
      bench().hands.write('gone', 'one')
      const requests = await Promise.all(
        ['edited', 'gone'].map(async (each) => ({ path: each, fingerprint: await bench().look(each) })),
      )
      bench().hands.write('edited', 'two', { mtimeMs: 6_000 })
      bench().hands.remove('gone')
      const results = await hash(requests)
      assert.deepEqual(results.map(({ kind, path: at }) => `${at} ${kind}`).sort(), ['edited changed', 'gone changed'])
    })
  })
}

export function describeReading(bench: Bench): void {
  describe('reading', () => {
    it('gives the bytes, or a range of them', async () => {
      bench().hands.write('a', '0123456789')
      const expect = await bench().look('a')
      assert.equal(await textOf(bench().tree.read(path('a'), { signal, expect })), '0123456789')
      const range = { start: 2, end: 5 }
      assert.equal(await textOf(bench().tree.read(path('a'), { signal, expect, range })), '234')
    })

    it('refuses a file that was edited, or is gone', async () => {
      bench().hands.write('a', 'one', { mtimeMs: 5_000 })
      const expect = await bench().look('a')
      bench().hands.write('a', 'two', { mtimeMs: 6_000 })
      await assert.rejects(textOf(bench().tree.read(path('a'), { signal, expect })), hasCode('changed'))
      bench().hands.remove('a')
      await assert.rejects(textOf(bench().tree.read(path('a'), { signal, expect })), hasCode('changed'))
    })

    it('reads a small file whole, and nothing else', async () => {
      bench().hands.write('a', 'words')
      bench().hands.makeDirectory('dir')
      const { tree } = bench()
      assert.equal(await tree.readSmall(path('a'), 5), 'words')
      assert.equal(await tree.readSmall(path('a'), 4), undefined)
      assert.equal(await tree.readSmall(path('dir'), 5), undefined)
      assert.equal(await tree.readSmall(path('gone'), 5), undefined)
    })

    it('identifies a file through renames and edits', async () => {
      const { hands, tree } = bench()
      hands.write('a', 'one')
      hands.write('b', 'two')
      const before = await tree.identify(path('a'))
      hands.write('a', 'edited')
      hands.rename('a', 'c')
      assert.equal(await tree.identify(path('c')), before)
      assert.notEqual(await tree.identify(path('b')), before)
      assert.equal(await tree.identify(path('a')), undefined)
    })
  })
}

export function describeWatching(bench: Bench): void {
  describe('watching', () => {
    it('hints at a directory that was scanned since, and in which something changed', { timeout: 10_000 }, async () => {
      bench().hands.makeDirectory('dir')
      const end = new AbortController()
      const first = firstOf(bench().tree.watch({ signal: end.signal }))
      await collect(bench().tree.scan(['', path('dir')], { signal }))
      bench().hands.write('dir/new', 'x')
      assert.ok(tells(await first, 'dir'))
      end.abort()
    })
  })
}

async function firstOf(hints: AsyncIterable<WatchHint>): Promise<WatchHint | undefined> {
  for await (const hint of hints) return hint
  return undefined
}

function tells(hint: WatchHint | undefined, directory: string): boolean {
  return hint?.kind === 'overflow' || hint?.directories.some((each) => each === directory) === true
}
