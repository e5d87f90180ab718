/** A marked folder on the disk with the daemon's own rooms around it. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openBlobStore } from '../../daemon/blobs/store.ts'
import { incomingDirectory } from '../../daemon/disk/context.ts'
import { createRoot } from '../../daemon/disk/create-root.ts'
import { createThreads } from '../../daemon/daemon-threads.ts'
import { openFileTree } from '../../daemon/disk/file-tree.ts'
import { createNativeCrypto } from '../../daemon/native-crypto.ts'
import type { BlobStore, FileTree } from '../../daemon/ports.ts'
import { createSystemClock } from '../../daemon/system-clock.ts'
import { folderIdOf } from '../../protocol/ids.ts'

const FOLDER_ID_BYTES = 16
/** As the daemon has. */
const DISK_THREADS = 2

export const FOLDER = folderIdOf(new Uint8Array(FOLDER_ID_BYTES).fill(1))
export const crypto = createNativeCrypto()

export interface MicroFolder extends AsyncDisposable {
  readonly root: string
  readonly tree: FileTree
  readonly store: BlobStore
}

export async function openFolder(directory: string): Promise<MicroFolder> {
  const root = join(directory, 'root')
  mkdirSync(root)
  await using stack = new AsyncDisposableStack()
  const traits = await createRoot({ path: root, folder: FOLDER })
  const threads = stack.use(createThreads(DISK_THREADS))
  const clock = createSystemClock()
  const tree = stack.use(await openFileTree({ path: root, folder: FOLDER, traits, clock, crypto, threads }))
  const store = await openBlobStore({ directory: incomingDirectory(root), crypto, threads })
  const moved = stack.move()
  return { root, tree, store, [Symbol.asyncDispose]: () => moved.disposeAsync() }
}
