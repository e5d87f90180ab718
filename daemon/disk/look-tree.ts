/** A directory that is only looked at: it needs no marker, and nothing of it is ever changed. */

import type { Crypto } from '../../protocol/crypto.ts'
import type { FolderId } from '../../protocol/ids.ts'
import type { Clock, FileTree, RootTraits } from '../ports.ts'
import type { DiskContext } from './context.ts'
import type { Threads } from '../threads-port.ts'
import { hashFiles } from './hash.ts'
import { DiskNames } from './names.ts'
import { createReadSmall } from './read-batches.ts'
import { readFile, readSmall } from './read.ts'
import { scanDirectories } from './scan.ts'

export type LookTree = Pick<FileTree, 'traits' | 'scan' | 'hash' | 'read' | 'readSmall'>

/** What cannot be found out without writing there. */
const TRAITS: RootTraits = {
  caseSensitive: true,
  executableBit: process.platform !== 'win32',
  symlinks: true,
  windowsNames: process.platform === 'win32',
  volumeBytes: 0,
}

/** @param o.root absolute, all symbolic links resolved. */
export function openLookTree(o: {
  readonly root: string
  readonly folder: FolderId
  readonly threads: Threads
  readonly crypto: Crypto
  readonly clock: Clock
}): LookTree {
  const { root, folder, threads, crypto, clock } = o
  const context: DiskContext = { root, folder, names: new DiskNames(), clock, traits: TRAITS }
  const readSmallFile = createReadSmall(root, context.names, threads)
  const watching = { add: () => undefined }
  return {
    traits: TRAITS,
    scan: (directories, options) => scanDirectories(context, threads, directories, watching, options),
    hash: (files, options) => hashFiles(context, threads, crypto, files, options),
    read: (path, options) => readFile(context, readSmallFile, path, options),
    readSmall: (path, maxBytes) => readSmall(context, path, maxBytes),
  }
}
