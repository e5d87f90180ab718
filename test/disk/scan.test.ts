/** What a scan of a real folder says of names and things that are not plain files: one bad name never stops the others. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { listDirectories } from '../../daemon/disk/list-directory.ts'
import type { DirectoryListing, DiskEntry, RootTraits } from '../../daemon/ports.ts'
import type { DirPath } from '../../protocol/path.ts'
import { ROOT, parseRelPath } from '../../protocol/path.ts'
import { textOf } from '../conformance/file-tree-bench.ts'
import type { RealTree } from './real-tree.ts'
import { openRealTree } from './real-tree.ts'

const { signal } = new AbortController()
/** A user who may do little, where the tests run as root. */
const NOBODY = 65_534

describe('a scan of the disk', () => {
  let opened: RealTree
  const reopen = async (traits: Partial<RootTraits> = {}): Promise<void> =>
    void (opened = await openRealTree({ traits }))
  beforeEach(() => reopen())
  afterEach(() => opened[Symbol.asyncDispose]())

  const at = (name: string): string => join(opened.root, name)
  const write = (name: string | Buffer, content = 'x'): void =>
    writeFileSync(typeof name === 'string' ? at(name) : Buffer.concat([Buffer.from(`${opened.root}/`), name]), content)
  const list = async (directory: DirPath = ROOT): Promise<DirectoryListing> => {
    for await (const listing of opened.tree.scan([directory], { signal })) return listing
    return assert.fail('a scan gives one listing a directory')
  }
  const shown = async (directory?: DirPath): Promise<string[]> => (await list(directory)).entries.map(show)

  it('blocks a name that is not UTF-8, and lists the others', async () => {
    write(Buffer.from([0x61, 0xff, 0x62]))
    write('good')
    write('really \ufffd')
    assert.deepEqual(await shown(), ['blocked bad-name a\ufffdb null', 'file good', 'file really \ufffd'])
  })

  it('blocks names that are no paths: a backslash, a control character, what belongs to Holt', async () => {
    mkdirSync(at('dir'))
    mkdirSync(at('dir/.Holt'))
    for (const name of ['back\\slash', 'bell\u0007', 'good']) write(`dir/${name}`)
    assert.deepEqual(await shown(parseRelPath('dir')), [
      'blocked bad-name .Holt null',
      'blocked bad-name back\\slash null',
      'blocked bad-name bell\u0007 null',
      'file dir/good',
    ])
  })

  it('leaves out what belongs to Holt at the root, and nowhere else', async () => {
    mkdirSync(at('.HOLT'))
    assert.deepEqual(await shown(), [])
  })

  it('blocks both of two names that are one after normalisation', async () => {
    write('caf\u00e9')
    write('cafe\u0301')
    write('cafe')
    assert.deepEqual(await shown(), [
      'file cafe',
      'blocked name-clash cafe\u0301 caf\u00e9',
      'blocked name-clash caf\u00e9 caf\u00e9',
    ])
  })

  it('reaches what lies below directories whose names are decomposed on the disk', async () => {
    mkdirSync(at('u\u0308ber/a\u0308/o\u0308'), { recursive: true })
    write('u\u0308ber/a\u0308/o\u0308/file', 'deep')
    for (const directory of [ROOT, '\u00fcber', '\u00fcber/\u00e4'] as const) await list(toDir(directory))
    const [entry] = (await list(parseRelPath('\u00fcber/\u00e4/\u00f6'))).entries
    assert.ok(entry?.kind === 'file')
    assert.equal(await textOf(opened.tree.read(entry.path, { signal, expect: entry.fingerprint })), 'deep')
    for await (const hashed of opened.tree.hash([entry], { signal })) assert.equal(hashed.kind, 'hashed')
  })

  it('forgets a name on the disk that has been changed to its path', async () => {
    write('cafe\u0301', 'old')
    await list()
    execFileSync('mv', [at('cafe\u0301'), at('caf\u00e9')])
    const [entry] = (await list()).entries
    assert.ok(entry?.kind === 'file')
    assert.equal(await textOf(opened.tree.read(entry.path, { signal, expect: entry.fingerprint })), 'old')
  })

  it('blocks what is neither file, directory nor link', async () => {
    execFileSync('mkfifo', [at('pipe')])
    assert.deepEqual(await shown(), ['blocked special-file pipe pipe'])
  })

  it('blocks a placeholder of a cloud drive, a size without blocks, and does not read it', () => {
    write('here', 'y'.repeat(5000))
    write('small')
    write('in-the-cloud', '')
    truncateSync(at('in-the-cloud'), 5000)
    const seen = (hasPlaceholders: boolean): string[] =>
      listDirectories({
        kind: 'list',
        root: opened.root,
        holdsExecutableBit: true,
        hasPlaceholders,
        directories: [{ directory: ROOT, onDisk: '' }],
      }).flatMap(({ listing }) => listing.entries.map(show))
    assert.deepEqual(seen(true), ['file here', 'blocked placeholder in-the-cloud in-the-cloud', 'file small'])
    assert.deepEqual(seen(false), ['file here', 'file in-the-cloud', 'file small'])
  })

  it('keeps a time far in the future', async () => {
    write('future')
    utimesSync(at('future'), 7_258_118_400, 7_258_118_400)
    const [entry] = (await list()).entries
    assert.ok(entry?.kind === 'file' && entry.mtimeMs === 7_258_118_400_000)
  })

  it('lists a link as text, wherever it leads, and blocks one that leads to what is no text', async () => {
    symlinkSync('../../etc/passwd', at('away'))
    symlinkSync('nowhere', at('broken'))
    symlinkSync(Buffer.from([0xff]), at('strange'))
    assert.deepEqual(await shown(), ['symlink away', 'symlink broken', 'blocked bad-name strange null'])
  })

  it('says that a directory is unreadable, and lists what the system lets it', async () => {
    mkdirSync(at('closed'))
    write('open')
    chmodSync(at('closed'), 0)
    const states = asNobody(opened.root, () =>
      listDirectories({
        kind: 'list',
        root: opened.root,
        holdsExecutableBit: true,
        hasPlaceholders: false,
        directories: ['', 'closed'].map((each) => ({ directory: toDir(each), onDisk: each })),
      }).map(({ listing }) => [listing.state, listing.entries.length]),
    )
    assert.deepEqual(states, [
      ['listed', 2],
      ['unreadable', 0],
    ])
  })

  it('says where another volume is mounted', () => {
    const directories = [{ directory: ROOT, onDisk: '' }] as const
    const [listed] = listDirectories({
      kind: 'list',
      root: '/',
      holdsExecutableBit: true,
      hasPlaceholders: false,
      directories,
    })
    const proc = listed?.listing.entries.find(({ path }) => path === 'proc')
    assert.ok(proc?.kind === 'directory')
    assert.deepEqual([proc.isMount, proc.fingerprint], [true, 'mount'])
  })

  it('takes times before 1970 for 1970, and counts whole milliseconds', async () => {
    write('old')
    write('new')
    utimesSync(at('old'), new Date(-5_000), new Date(-5_000))
    utimesSync(at('new'), 1.2348, 1.2348)
    const { entries } = await list()
    assert.deepEqual(
      entries.map((entry) => entry.kind === 'file' && entry.mtimeMs),
      [1234, 0],
    )
  })

  it('says that nothing is executable where the root cannot hold it', async () => {
    await opened[Symbol.asyncDispose]()
    await reopen({ executableBit: false })
    write('run')
    chmodSync(at('run'), 0o755)
    const [entry] = (await list()).entries
    assert.ok(entry?.kind === 'file')
    assert.equal(entry.executable, false)
  })

  it('lists very many directories, each once', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `d${i}`)
    for (const name of names) mkdirSync(at(name))
    const directories = names.map((name) => parseRelPath(name))
    const found: string[] = []
    for await (const { directory, state } of opened.tree.scan(directories, { signal })) {
      assert.equal(state, 'listed')
      found.push(directory)
    }
    assert.deepEqual(found.sort(), names.sort())
  })

  it('ends with the reason of the signal', async () => {
    const end = new AbortController()
    end.abort(new Error('enough'))
    await assert.rejects(Array.fromAsync(opened.tree.scan([ROOT], { signal: end.signal })), /enough/)
  })
})

function show(entry: DiskEntry): string {
  return entry.kind === 'blocked'
    ? `blocked ${entry.reason} ${entry.diskName} ${entry.path}`
    : `${entry.kind} ${entry.path}`
}

function toDir(text: string): DirPath {
  return text === '' ? ROOT : parseRelPath(text)
}

/** Does it as a user whom the rights of files bind: root is bound by none. */
function asNobody<T>(root: string, work: () => T): T {
  if (process.getuid?.() !== 0 || process.seteuid === undefined) return work()
  chmodSync(root, 0o755)
  process.seteuid(NOBODY)
  try {
    return work()
  } finally {
    process.seteuid(0)
  }
}
