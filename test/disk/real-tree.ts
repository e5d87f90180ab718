/** A folder on the real disk, for tests: in a temporary directory that goes with it. */

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openBlobStore } from '../../daemon/blobs/store.ts'
import type { DiskContext } from '../../daemon/disk/context.ts'
import { createRoot } from '../../daemon/disk/create-root.ts'
import { createThreads } from '../../daemon/daemon-threads.ts'
import type { Threads } from '../../daemon/threads-port.ts'
import type { ThreadPool } from '../../daemon/daemon-threads.ts'
import type { DiskTree } from '../../daemon/disk/file-tree.ts'
import { openFileTree } from '../../daemon/disk/file-tree.ts'
import { DiskNames } from '../../daemon/disk/names.ts'
import type { Clock, RootTraits } from '../../daemon/ports.ts'
import { parseFolderId } from '../../protocol/ids.ts'
import type { OpenedTree, TreeHands } from '../conformance/file-tree-bench.ts'
import { crypto } from '../conformance/file-tree-bench.ts'
import { makeTemporaryDirectory } from '../temporary.ts'

export const FOLDER = parseFolderId('00112233445566778899aabbccddeeff')
/** One thread for all trees of a file; it ends with the process. */
const shared: { threads?: ThreadPool } = {}
/** In memory where there is such a place: syncing costs nothing there. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => Math.floor(performance.now()),
  sleep: () => Promise.reject(new Error('nothing here sleeps')),
}

export function makeTemporary(): string {
  return makeTemporaryDirectory('disk', BASE)
}

export interface RealTree extends OpenedTree {
  readonly tree: DiskTree
  readonly root: string
  readonly context: DiskContext
}

export async function openRealTree(o: { traits?: Partial<RootTraits>; threads?: Threads } = {}): Promise<RealTree> {
  const root = makeTemporary()
  const traits = { ...(await createRoot({ path: root, folder: FOLDER })), ...o.traits }
  const threads = o.threads ?? (shared.threads ??= createThreads(1))
  const open = (): Promise<DiskTree> => openFileTree({ path: root, folder: FOLDER, traits, clock, crypto, threads })
  const tree = await open()
  return {
    root,
    context: { root, folder: FOLDER, names: new DiskNames(), clock, traits },
    tree,
    store: await openBlobStore({ directory: join(root, '.holt/incoming'), crypto, threads }),
    hands: createHands(root),
    reopen: open,
    [Symbol.asyncDispose]: async () => {
      await tree[Symbol.asyncDispose]()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

export function createHands(root: string): TreeHands {
  const at = (path: string): string => join(root, path)
  const made = (path: string): string => {
    mkdirSync(dirname(at(path)), { recursive: true })
    return at(path)
  }
  const find = (path: string): ReturnType<typeof lstatSync> => lstatSync(at(path), { throwIfNoEntry: false })
  return {
    write: (path, content, { mtimeMs, executable } = {}) => {
      writeFileSync(made(path), content)
      if (executable !== undefined) chmodSync(at(path), executable ? 0o755 : 0o644)
      // Half a microsecond on, so that no rounding of seconds falls short of the millisecond.
      if (mtimeMs !== undefined) utimesSync(at(path), (mtimeMs + 0.0005) / 1000, (mtimeMs + 0.0005) / 1000)
    },
    symlink: (path, target) => {
      symlinkSync(target, made(path))
    },
    makeDirectory: (path) => {
      mkdirSync(at(path), { recursive: true })
    },
    remove: (path) => {
      rmSync(at(path), { recursive: true, force: true })
    },
    rename: (from, path) => {
      renameSync(at(from), made(path))
    },
    read: (path) => (find(path)?.isFile() === true ? readFileSync(at(path), 'utf8') : undefined),
    target: (path) => (find(path)?.isSymbolicLink() === true ? readlinkSync(at(path)) : undefined),
    isDirectory: (path) => find(path)?.isDirectory() === true,
    mtimeMs: (path) => Number(lstatSync(at(path), { bigint: true }).mtimeNs / 1_000_000n),
    isExecutable: (path) => (Number(find(path)?.mode) & 0o100) !== 0,
    names: (path) => readdirSync(at(path)).sort(),
    unmark: () => {
      rmSync(at('.holt'), { recursive: true })
    },
  }
}
