/** The root of a folder: whether it is there, and still is this folder's. */

import type { Folder, Halt } from './folder.ts'

/** What is wrong with the root, if anything is. */
export async function rootHalt(folder: Folder): Promise<Halt | null> {
  switch (await folder.tree.check()) {
    case 'ok':
      return null
    case 'missing':
      return { kind: 'root-missing' }
    case 'unmarked':
      return { kind: 'root-unmarked' }
    case 'read-only':
      return { kind: 'root-read-only' }
  }
}
