/** The folder on this operating system's disk: the `FileTree` port. */

import { constants } from 'node:fs'
import { access, readFile as readWhole, realpath, statfs } from 'node:fs/promises'
import type { Crypto } from '../../protocol/crypto.ts'
import type { FolderId } from '../../protocol/ids.ts'
import type { Clock, FileTree, RootState, RootTraits } from '../ports.ts'
import { changeTree } from './change.ts'
import { cutRegion } from './cut.ts'
import type { DiskContext } from './context.ts'
import { markerFile } from './context.ts'
import { TreeError, hasErrno } from './disk-error.ts'
import type { Threads } from '../threads-port.ts'
import { hashFiles } from './hash.ts'
import { DiskNames } from './names.ts'
import { createReadSmall } from './read-batches.ts'
import { identify, readFile, readSmall } from './read.ts'
import { recoverIntents } from './recover.ts'
import { scanDirectories } from './scan.ts'
import { hashVersions } from './hash-versions.ts'
import { countDamagedLines, dropVersions, listVersions, lookAtVersion, readVersion } from './versions.ts'
import type { WatchStatus } from './watch.ts'
import { TreeWatch } from './watch.ts'

export interface FileTreeOptions {
  /** Absolute path of a directory that is marked as the folder's root. */
  readonly path: string
  readonly folder: FolderId
  readonly traits: RootTraits
  readonly clock: Clock
  readonly crypto: Crypto
  readonly threads: Threads
}

export interface DiskTree extends FileTree {
  watchStatus(): WatchStatus
}

/** @throws TreeError `missing`, `unmarked` */
export async function openFileTree(o: FileTreeOptions): Promise<DiskTree> {
  const root = await realpath(o.path).catch((cause: unknown) => {
    throw new TreeError('missing', `${o.path} is not there: is its disk mounted?`, { cause })
  })
  if ((await rootState(root, o.folder)) === 'unmarked') {
    throw new TreeError(
      'unmarked',
      `${o.path} is not the folder that it was: a disk is not mounted, or the folder was moved`,
    )
  }
  const context: DiskContext = { root, folder: o.folder, names: new DiskNames(), clock: o.clock, traits: o.traits }
  const watch = new TreeWatch(context)
  const readSmallFile = createReadSmall(root, context.names, o.threads)
  return {
    traits: o.traits,
    check: () => rootState(root, o.folder),
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(root)
      return bavail * bsize
    },
    scan: (directories, options) => scanDirectories(context, o.threads, directories, watch, options),
    hash: (files, options) => hashFiles(context, o.threads, o.crypto, files, options),
    read: (path, options) => readFile(context, readSmallFile, path, options),
    source: (path, fingerprint) => ({ root, onDisk: context.names.onDisk(path), fingerprint }),
    cut: (path, options) => cutRegion(context, o.threads, path, options),
    readSmall: (path, maxBytes) => readSmall(context, path, maxBytes),
    identify: (path) => Promise.resolve(identify(context, path)),
    change: (batch, label, options) => changeTree(context, o.threads, batch, label, options),
    recover: (intents) => recoverIntents(context, intents),
    watch: (options) => watch.hints(options),
    watchStatus: () => watch.status,
    versions: () => listVersions(context),
    damagedVersionLines: () => countDamagedLines(context),
    lookAtVersion: (name) => lookAtVersion(context, name),
    readVersion: (name, options) => readVersion(context, name, options),
    hashVersions: (names, options) => hashVersions(context, o.threads, names, options),
    dropVersions: (names) => dropVersions(context, names),
    [Symbol.asyncDispose]: () => {
      watch[Symbol.dispose]()
      return Promise.resolve()
    },
  }
}

export async function rootState(root: string, folder: FolderId): Promise<RootState> {
  try {
    const marker = await readWhole(markerFile(root), 'utf8')
    if (marker.trim() !== folder) return 'unmarked'
    await access(root, constants.W_OK)
    return 'ok'
  } catch (cause) {
    if (hasErrno(cause, 'EROFS', 'EACCES', 'EPERM')) return 'read-only'
    if (!hasErrno(cause, 'ENOENT', 'ENOTDIR')) throw cause
    return (await exists(root)) ? 'unmarked' : 'missing'
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
