/**
 * The power is cut at any call of a batch that places many files at once. What was not synced by then has its name and not its bytes,
 * which is the worst that a file system may make of it: no such file may stand in the folder.
 */

import { byHand, onCalls } from './disk-calls.ts'
import type { Call } from './disk-calls.ts'
import assert from 'node:assert/strict'
import { existsSync, fstatSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { changeTree } from '../../daemon/disk/change.ts'
import { DiskNames } from '../../daemon/disk/names.ts'
import type { BlobLocation, TreeChange } from '../../daemon/ports.ts'
import { LABEL, bytesOf, hashOf, path, signal } from '../conformance/file-tree-bench.ts'
import { threadsHere } from '../threads-here.ts'
import { FOLDER, clock, makeTemporary } from './real-tree.ts'

const FILES = 24
const NAMES = Array.from({ length: FILES }, (_, i) => `${i % 3}/file-${i}`)
const textOf = (name: string): string => `the words of ${name}`

/** A disk that keeps names at once and bytes when they are synced. */
class ForgetfulDisk {
  readonly #root: string
  /** Descriptors that were synced, each with the file that it was open for. */
  readonly #syncs: { readonly fd: number; readonly inode: bigint }[] = []
  /** Directories with names that were not synced. */
  readonly unsyncedDirectories = new Set<string>()

  constructor(root: string) {
    this.#root = root
  }

  note({ name, fd, paths }: Call): void {
    if ((name === 'fdatasync' || name === 'fsync') && fd !== undefined) {
      this.#syncs.push({ fd, inode: fstatSync(fd, { bigint: true }).ino })
      this.unsyncedDirectories.delete(readlinkSync(`/proc/self/fd/${fd}`))
    }
    if (name === 'link') this.unsyncedDirectories.add(this.#directoryOf(paths[1] ?? ''))
  }

  /** A sync that has not come back may have done nothing. */
  isSynced(file: string): boolean {
    const { ino } = lstatSync(file, { bigint: true })
    return this.#syncs.some(({ fd, inode }) => inode === ino && !isOpenFor(fd, ino))
  }

  /** What a power cut leaves. */
  cut(): void {
    for (const name of NAMES) {
      const at = join(this.#root, name)
      if (existsSync(at) && !this.isSynced(at)) writeFileSync(at, Buffer.alloc(textOf(name).length))
    }
  }

  /** Directories are reached through descriptors. */
  #directoryOf(file: string): string {
    const directory = dirname(file)
    return directory.startsWith('/proc/') ? readlinkSync(directory) : directory
  }
}

function isOpenFor(fd: number, inode: bigint): boolean {
  try {
    return fstatSync(fd, { bigint: true }).ino === inode
  } catch {
    return false
  }
}

interface Folder extends Disposable {
  readonly root: string
  readonly batch: readonly TreeChange[]
}

/** Blobs of a store that never syncs, to be placed. */
function openFolder(): Folder {
  const root = makeTemporary()
  for (const directory of ['.holt/incoming', '.holt/versions']) mkdirSync(join(root, directory), { recursive: true })
  const batch = NAMES.map((name): TreeChange => {
    const source = join(root, '.holt/incoming', hashOf(bytesOf(textOf(name))))
    writeFileSync(source, textOf(name))
    const at = { path: path(name), source: source as BlobLocation, expect: null, keepAs: null }
    return { kind: 'place', ...at, mtimeMs: 5_000, executable: false }
  })
  return { root, batch, [Symbol.dispose]: () => rmSync(root, { recursive: true }) }
}

/** @returns how many calls it took; the n-th never came about. */
async function run({ root, batch }: Folder, disk: ForgetfulDisk, n: number): Promise<number> {
  const traits = { caseSensitive: true, executableBit: true, symlinks: true, windowsNames: false, volumeBytes: 1e9 }
  const context = { root, folder: FOLDER, names: new DiskNames(), clock, traits }
  using calls = onCalls((call) => {
    if (call.no === n) return 'ends-before'
    byHand(() => disk.note(call))
    return 'done'
  })
  await changeTree(context, threadsHere, batch, LABEL, { signal }).catch(() => undefined)
  return calls.calls
}

describe('a batch of new files that a power cut interrupts', () => {
  it('leaves each of them whole or absent, at whichever call', async () => {
    let placed = 0
    for (let n = 1; ; n++) {
      using folder = openFolder()
      const disk = new ForgetfulDisk(folder.root)
      const calls = await run(folder, disk, n)
      disk.cut()
      const there = NAMES.filter((name) => existsSync(join(folder.root, name)))
      for (const name of there) assert.equal(readFileSync(join(folder.root, name), 'utf8'), textOf(name), `call ${n}`)
      if (there.length > 0 && there.length < FILES) placed += 1
      if (calls < n) break
    }
    assert.ok(placed > FILES, `only ${placed} cuts came between the first file and the last`)
  })

  it('is durable once it has come back: each file, and the directories that name them', async () => {
    using folder = openFolder()
    const disk = new ForgetfulDisk(folder.root)
    await run(folder, disk, Infinity)
    for (const name of NAMES) assert.ok(disk.isSynced(join(folder.root, name)), name)
    assert.deepEqual([...disk.unsyncedDirectories], [])
  })
})
