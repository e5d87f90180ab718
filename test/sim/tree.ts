/** The `FileTree` port on a simulated disk. */

import type { Crypto } from '../../protocol/crypto.ts'
import { FINE_BYTES, cutBytes } from '../../protocol/fine-cut.ts'
import type { FolderId } from '../../protocol/ids.ts'
import type { RelPath } from '../../protocol/path.ts'
import type { FileTree, RootTraits, TreeChange, TreeOutcome, VersionRecord } from '../../daemon/ports.ts'
import { identityOf } from './disk-names.ts'
import type { SimDisk } from './disk.ts'
import type { Life } from './life.ts'
import { applyChange } from './tree-change.ts'
import type { ChangeContext } from './tree-change.ts'
import { TreeError, toTreeError } from '../../daemon/disk/disk-error.ts'
import { recoverIntent } from './tree-recover.ts'
import { placeOf, rootState, versionsLogPath } from './tree-root.ts'
import type { TreeRoot } from './tree-root.ts'
import { hashFile, listDirectory, readFile } from './tree-scan.ts'
import { TreeWatch } from './tree-watch.ts'
import {
  countDamagedLines,
  dropVersions,
  hashVersions,
  listVersions,
  logVersions,
  lookAtVersion,
  readVersion,
  syncDirectoryOf,
  toRecords,
} from './versions.ts'

export interface SimTreeOptions {
  readonly disk: SimDisk
  readonly life: Life
  /** Absolute, without a slash at its end. */
  readonly path: string
  readonly folder: FolderId
  readonly crypto: Crypto
  readonly wallMs: () => number
}

/** Opens whatever is at the path; `check` says whether it is the folder's root. */
export function openSimTree(o: SimTreeOptions): FileTree {
  const root: TreeRoot = { calls: o.disk.callsOf(o.life), path: o.path, folder: o.folder }
  const watch = new TreeWatch(o.disk, o.life)
  return {
    traits: traitsOf(o.disk),
    check: () => root.calls.call('check', root.path, (volume) => rootState(volume, root.path, root.folder)),
    freeBytes: () => root.calls.call('statfs', root.path, (volume) => volume.freeBytes),
    async *scan(directories, { signal }) {
      for (const directory of directories) {
        signal.throwIfAborted()
        yield await listDirectory(root, directory, (inode) => {
          watch.add(directory, inode)
        })
      }
    },
    async *hash(files, { signal }) {
      for (const file of files) {
        signal.throwIfAborted()
        yield await hashFile(root, o.crypto, file)
      }
    },
    read: (path, options) => readFile(root, path, options),
    source: (path, fingerprint) => ({ root: o.path, onDisk: path, fingerprint }),
    cut: (path, options) => cutFile(root, o.crypto, path, options),
    readSmall: (path, maxBytes) =>
      root.calls.call('read', `${root.path}/${path}`, (volume) => {
        const inode = volume.find(placeOf(volume, root.path, path))
        if (inode?.kind !== 'file' || !inode.isReadable || inode.sizeBytes > maxBytes) return undefined
        return new TextDecoder().decode(inode.content)
      }),
    identify: (path) =>
      root.calls.call('stat', `${root.path}/${path}`, (volume) => {
        const inode = volume.find(placeOf(volume, root.path, path))
        return inode === undefined ? undefined : identityOf(inode)
      }),
    async change(batch, label, { signal }) {
      signal.throwIfAborted()
      const context: ChangeContext = { root, touched: new Set() }
      await keepLog(context, toRecords(batch, label, o.wallMs()))
      return changeAll(context, batch, signal)
    },
    async recover(intents) {
      const recovered = []
      for (const intent of intents) recovered.push(await recoverIntent(root, intent))
      return recovered
    },
    watch: (options) => watch.hints(options),
    async *versions() {
      yield* await listVersions(root)
    },
    damagedVersionLines: () => countDamagedLines(root),
    lookAtVersion: (name) => lookAtVersion(root, name),
    readVersion: (name, options) => readVersion(root, name, options),
    hashVersions: (names, options) => hashVersions(root, o.crypto, names, options),
    dropVersions: (names) => dropVersions(root, names),
    [Symbol.asyncDispose]() {
      watch[Symbol.dispose]()
      return Promise.resolve()
    },
  }
}

function traitsOf(disk: SimDisk): RootTraits {
  const { isCaseSensitive, holdsExecutableBit, holdsSymlinks, isWindows, capacityBytes } = disk.options
  return {
    caseSensitive: isCaseSensitive,
    executableBit: holdsExecutableBit,
    symlinks: holdsSymlinks,
    windowsNames: isWindows,
    volumeBytes: capacityBytes,
  }
}

/** @throws TreeError `no-space`, `io` and others, with nothing done. */
async function keepLog({ root, touched }: ChangeContext, records: readonly VersionRecord[]): Promise<void> {
  if (records.length === 0) return
  touched.add(versionsLogPath(root.path))
  try {
    await logVersions(root, records)
  } catch (cause) {
    throw toTreeError(cause, 'the log of kept versions')
  }
}

/** An abort between two changes ends the batch; what was done before is synced all the same. */
async function changeAll(
  context: ChangeContext,
  batch: readonly TreeChange[],
  signal: AbortSignal,
): Promise<TreeOutcome[]> {
  const outcomes: TreeOutcome[] = []
  for (const change of batch) {
    if (signal.aborted) break
    outcomes.push(await applyChange(context, change))
  }
  await syncTouched(context)
  signal.throwIfAborted()
  return outcomes
}

/** @throws TreeError `io`: what was done may not survive a power cut. */
async function syncTouched({ root, touched }: ChangeContext): Promise<void> {
  const byDirectory = Map.groupBy(touched, (path) => path.slice(0, path.lastIndexOf('/')))
  for (const [directory, paths] of byDirectory) {
    try {
      await root.calls.call('fsync', directory, (volume) => {
        for (const path of paths) volume.find(path)?.sync()
        syncDirectoryOf(volume, `${directory}/`)
      })
    } catch (cause) {
      throw new TreeError('io', `${directory} could not be synced`, { cause })
    }
  }
}

async function* cutFile(
  root: TreeRoot,
  crypto: Crypto,
  path: RelPath,
  { range, averageBits, expect, signal }: Parameters<FileTree['cut']>[1],
): AsyncGenerator<Uint8Array> {
  const region = new Uint8Array(range.end - range.start)
  let at = 0
  for await (const piece of readFile(root, path, { range, expect, signal })) {
    region.set(piece, at)
    at += piece.length
  }
  const list = cutBytes(region, averageBits, crypto)
  for (let from = 0; from < list.length; from += 100 * FINE_BYTES) {
    for await (const _ of readFile(root, path, { range: { start: 0, end: 0 }, expect, signal })) continue
    yield list.slice(from, from + 100 * FINE_BYTES)
  }
}
