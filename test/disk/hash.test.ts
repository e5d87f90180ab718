/** Hashing and reading real files that somebody changes meanwhile, and links that would lead elsewhere. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { toChunkList } from '../../protocol/chunks.ts'
import { CHUNK_BYTES } from '../../protocol/limits.ts'
import { parseRelPath } from '../../protocol/path.ts'
import { fingerprintOf } from '../../daemon/disk/fingerprint.ts'
import { hashFiles } from '../../daemon/disk/hash-file.ts'
import type { HashedFile } from '../../daemon/disk/thread-jobs.ts'
import type { Fingerprint } from '../../daemon/ports.ts'
import { crypto, hasCode, hashOf } from '../conformance/file-tree-bench.ts'
import { scaled } from '../scale.ts'
import type { RealTree } from './real-tree.ts'
import { makeTemporary, openRealTree } from './real-tree.ts'

const RUNS = scaled({ small: 15, full: 200 })
const { signal } = new AbortController()
const content = Buffer.alloc(3 * CHUNK_BYTES + 7, 'content')

const { signal: NEVER } = new AbortController()
const IN_TURN = { signal: NEVER, turn: (): Promise<void> => Promise.resolve() }

describe('hashing a file on the disk', () => {
  let root: string
  beforeEach(() => void (root = makeTemporary()))
  afterEach(() => {
    rmSync(root, { recursive: true })
  })

  const at = (name: string): string => join(root, name)
  const write = (name: string, bytes: Uint8Array = content): void => {
    mkdirSync(dirname(at(name)), { recursive: true })
    writeFileSync(at(name), bytes)
  }
  const look = (name: string): Fingerprint => fingerprintOf(lstatSync(at(name), { bigint: true }))
  const hash = (names: readonly string[], turn = (): Promise<void> => Promise.resolve()): Promise<HashedFile[]> => {
    const files = names.map((onDisk) => ({ onDisk, fingerprint: look(onDisk) }))
    return hashFiles({ kind: 'hash', root, files }, { signal: NEVER, turn })
  }

  it('gives the hash and the chunks of any bytes', async () => {
    const around = fc.constantFrom(0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, content.length)
    await fc.assert(
      fc.asyncProperty(around, fc.uint8Array({ minLength: 1, maxLength: 99 }), async (sizeBytes, pattern) => {
        const bytes = Buffer.alloc(sizeBytes, pattern)
        write('file', bytes)
        const [hashed] = await hash(['file'])
        assert.ok(hashed?.kind === 'hashed')
        assert.deepEqual([hashed.hash, hashed.sizeBytes], [hashOf(bytes), sizeBytes])
        if (sizeBytes <= CHUNK_BYTES) assert.equal(hashed.chunks, null)
        else assert.deepEqual(hashed.chunks && toChunkList(hashed.chunks, crypto), chunksOf(bytes))
      }),
      { numRuns: RUNS },
    )
  })

  const edits: Record<string, (path: string) => void> = {
    'is appended to': (path) => appendFileSync(path, 'more'),
    'is cut': (path) => truncateSync(path, CHUNK_BYTES),
    'is edited, and its size and time are put back': (path) => {
      const { atime, mtime } = lstatSync(path)
      const fd = openSync(path, 'r+')
      writeSync(fd, 'edit', 2 * CHUNK_BYTES)
      closeSync(fd)
      utimesSync(path, atime, mtime)
    },
  }
  for (const [what, edit] of Object.entries(edits)) {
    it(`says that a file has changed that ${what} while it is hashed`, async () => {
      write('file')
      let isEdited = false
      const [hashed] = await hash(['file'], () => {
        if (!isEdited) edit(at('file'))
        isEdited = true
        return Promise.resolve()
      })
      assert.deepEqual([hashed, isEdited], [{ kind: 'changed' }, true])
    })
  }

  it('says what it cannot read, and hashes the others', async () => {
    write('dir/a')
    write('dir/b')
    const files = ['dir/a', 'dir/gone', 'dir', 'dir/b'].map((onDisk) => {
      const fingerprint = onDisk === 'dir/gone' ? look('dir/a') : look(onDisk)
      return { onDisk, fingerprint }
    })
    const kinds = (await hashFiles({ kind: 'hash', root, files }, IN_TURN)).map(({ kind }) => kind)
    assert.deepEqual(kinds, ['hashed', 'changed', 'changed', 'hashed'])
  })

  it('hashes files of several directories, each the one that was asked for', async () => {
    const names = ['file', 'a/file', 'a/b/file', 'a/other', 'c/file']
    for (const name of names) write(name, Buffer.from(name))
    const hashes = (await hash(names)).map((hashed) => hashed.kind === 'hashed' && hashed.hash)
    assert.deepEqual(
      hashes,
      names.map((name) => hashOf(Buffer.from(name))),
    )
  })

  it('follows no link: neither a file nor a directory that became one', async () => {
    write('outside/file')
    write('root/dir/file')
    const inside = join(root, 'root')
    const files = (onDisk: string, of: string): Parameters<typeof hashFiles>[0] => ({
      kind: 'hash',
      root: inside,
      files: [{ onDisk, fingerprint: look(of) }],
    })
    symlinkSync('../outside/file', at('root/link'))
    renameSync(at('root/dir'), at('root/moved'))
    symlinkSync('../outside', at('root/dir'))
    assert.deepEqual(await hashFiles(files('link', 'outside/file'), IN_TURN), [{ kind: 'changed' }])
    assert.deepEqual(await hashFiles(files('dir/file', 'outside/file'), IN_TURN), [{ kind: 'changed' }])
  })

  it('does not wait for a pipe that took the place of a file', async () => {
    write('file')
    const fingerprint = look('file')
    rmSync(at('file'))
    execFileSync('mkfifo', [at('file')])
    const [hashed] = await hashFiles({ kind: 'hash', root, files: [{ onDisk: 'file', fingerprint }] }, IN_TURN)
    assert.deepEqual(hashed, { kind: 'changed' })
  })
})

function chunksOf(bytes: Uint8Array): ReturnType<typeof toChunkList> {
  const hashes: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
    hashes.push(crypto.blake3(bytes.subarray(at, at + CHUNK_BYTES)))
  return toChunkList(new Uint8Array(Buffer.concat(hashes)), crypto)
}

describe('reading a file on the disk', () => {
  let opened: RealTree
  beforeEach(async () => void (opened = await openRealTree()))
  afterEach(() => opened[Symbol.asyncDispose]())

  const path = parseRelPath('dir/file')
  const at = (name: string): string => join(opened.root, name)
  const look = (name: string): Fingerprint => fingerprintOf(lstatSync(at(name), { bigint: true }))
  beforeEach(() => {
    mkdirSync(at('dir'))
    writeFileSync(at('dir/file'), content)
  })

  it('gives what was there until the moment of an edit, and then says so', async () => {
    const pieces = opened.tree.read(path, { signal, expect: look('dir/file') })[Symbol.asyncIterator]()
    assert.deepEqual((await pieces.next()).value, new Uint8Array(content.subarray(0, CHUNK_BYTES)))
    appendFileSync(at('dir/file'), 'more')
    await assert.rejects(pieces.next(), hasCode('changed'))
  })

  it('goes on reading the file that it opened when another takes its place', async () => {
    const pieces = opened.tree.read(path, { signal, expect: look('dir/file') })[Symbol.asyncIterator]()
    await pieces.next()
    writeFileSync(at('new'), 'another')
    renameSync(at('new'), at('dir/file'))
    // Its change time moved when it lost its name, so nothing more of it is given.
    await assert.rejects(pieces.next(), hasCode('changed'))
  })

  it('gives ranges that begin and end anywhere, also behind the end', async () => {
    const expect = look('dir/file')
    const read = async (start: number, end: number): Promise<Buffer> =>
      Buffer.concat(await Array.fromAsync(opened.tree.read(path, { signal, expect, range: { start, end } })))
    for (const [start, end] of [
      [0, 0],
      [5, 6],
      [CHUNK_BYTES - 1, CHUNK_BYTES + 1],
      [1, content.length],
    ] as const) {
      assert.ok((await read(start, end)).equals(content.subarray(start, end)), `${start} to ${end}`)
    }
    await assert.rejects(read(content.length - 1, content.length + 1), hasCode('changed'))
  })

  it('follows no link: neither the file nor a directory above it', async () => {
    const outside = makeTemporary()
    writeFileSync(join(outside, 'file'), 'secret')
    const expect = fingerprintOf(lstatSync(join(outside, 'file'), { bigint: true }))
    rmSync(at('dir'), { recursive: true })
    symlinkSync(outside, at('dir'))
    symlinkSync(join(outside, 'file'), at('link'))
    for (const each of [path, parseRelPath('link')]) {
      await assert.rejects(Array.fromAsync(opened.tree.read(each, { signal, expect })), hasCode('changed'))
      assert.equal(await opened.tree.readSmall(each, 99), undefined)
    }
    assert.equal(await opened.tree.identify(path), undefined)
    rmSync(outside, { recursive: true })
  })

  it('closes the file when nobody reads on', async () => {
    const before = openFiles()
    for await (const piece of opened.tree.read(path, { signal, expect: look('dir/file') })) {
      assert.ok(piece.length > 0)
      break
    }
    assert.deepEqual(openFiles(), before)
  })
})

/** Files of the temporary directory that this process has open. */
function openFiles(): string[] {
  const listed = execFileSync('sh', ['-c', `ls -l /proc/${process.pid}/fd | grep -o 'holt-disk-.*' || true`])
  return listed.toString().split('\n')
}
